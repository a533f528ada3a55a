import type { ResilienceView } from "@holdfast/wire";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { queryOptions } from "@tanstack/react-query";
import { call } from "./http.ts";

const everyMs = 2_000;

/** Circuits and balancers of all callers. Control asks them when it is asked, so this is polled. */
export const resilienceResource = queryOptions({
  queryKey: ["resilience"],
  queryFn: () => call<ResilienceView>("GET", ControlPaths.resilience),
  refetchInterval: everyMs,
  staleTime: everyMs,
});
