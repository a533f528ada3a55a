import { type AddFault, addFaultRequestSchema, faultsViewSchema, faultViewSchema } from "@holdfast/wire/control";
import type { FaultHouse } from "../../faults/fault-house.ts";
import type { Route } from "./route.ts";

/** Faults between the places of the stack: what the chaos tools will stand on. */
export function faultRoutes({ faults }: { readonly faults: FaultHouse }, actor: string): Route[] {
  return [
    {
      method: "GET",
      path: "/v1/faults",
      operationId: "listFaults",
      summary: "Faults in force, and what this stack can do, per kind: real, simulated or unavailable, and why",
      status: 200,
      answer: { schema: faultsViewSchema },
      codes: ["NETWORK_COMMAND_FAILED"],
      handle: () => faults.view(),
    },
    {
      method: "POST",
      path: "/v1/faults",
      operationId: "addFault",
      summary: "Puts a fault in force; it ends at its time, when its holder stops renewing it, or when control dies",
      body: addFaultRequestSchema,
      status: 201,
      answer: { schema: faultViewSchema },
      codes: [
        "FAULTS_TOO_MANY",
        "FAULT_INVALID",
        "FAULT_PLACE_UNKNOWN",
        "FAULT_TOO_LONG",
        "FAULT_UNSUPPORTED",
        "FAULT_WOULD_CUT_ALL",
        "NETWORK_COMMAND_FAILED",
      ],
      handle: ({ body }) => faults.add(body as AddFault, actor),
    },
    {
      method: "POST",
      path: "/v1/faults/{id}/renew",
      operationId: "renewFault",
      summary: "Says that the holder of a fault lives",
      status: 200,
      answer: { schema: faultViewSchema },
      codes: ["FAULT_UNKNOWN"],
      handle: ({ params }) => faults.renew(params["id"] ?? ""),
    },
    {
      method: "DELETE",
      path: "/v1/faults/{id}",
      operationId: "clearFault",
      summary: "Ends a fault now",
      status: 204,
      answer: undefined,
      codes: ["FAULT_UNKNOWN", "NETWORK_COMMAND_FAILED"],
      handle: async ({ params }) => {
        await faults.clear(params["id"] ?? "", actor);
        return undefined;
      },
    },
  ];
}
