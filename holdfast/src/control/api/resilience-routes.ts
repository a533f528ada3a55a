import { resilienceViewSchema } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import type { ResilienceReports } from "../../resilience/resilience-reports.ts";
import type { Route } from "./route.ts";

/** Circuits and balancers of all instances. */
export function resilienceRoutes({ resilience }: { readonly resilience: ResilienceReports }): Route[] {
  return [
    {
      method: "GET",
      path: ControlPaths.resilience,
      operationId: "getResilience",
      summary: "Circuits, and what each caller knows of the servers it calls; who did not answer, and why",
      status: 200,
      answer: { schema: resilienceViewSchema },
      codes: [],
      handle: () => resilience.view(),
    },
  ];
}
