import type { Cloud } from "@holdfast/cloud-server";
import {
  capacityViewSchema,
  type HostStateRequest,
  hostStateAnswerSchema,
  hostStateRequestSchema,
} from "@holdfast/wire/control";
import { capacityView, hostViewOf } from "../capacity-view.ts";
import type { Route } from "./route.ts";

/** Hosts of the application: what they carry, and opening and closing them. */
export function capacityRoutes({ cloud }: { readonly cloud: Cloud }, actor: string): Route[] {
  return [
    {
      method: "GET",
      path: "/v1/capacity",
      operationId: "getCapacity",
      summary: "Hosts with what they have and carry, capacity groups, and launches that wait for room, with the reason",
      status: 200,
      answer: { schema: capacityViewSchema },
      codes: [],
      handle: () => capacityView(cloud),
    },
    {
      method: "POST",
      path: "/v1/hosts/{name}/state",
      operationId: "setHostState",
      summary: "Open a host (active), close it for more (cordoned), or empty it as well, successors first (drained)",
      body: hostStateRequestSchema,
      status: 202,
      answer: { schema: hostStateAnswerSchema },
      codes: ["HOST_UNKNOWN", "STATE_READ_ONLY", "EPOCH_STALE"],
      handle: async ({ params, body }) => {
        const name = params["name"] ?? "";
        const { state, reason } = body as HostStateRequest;
        const leaving = await cloud.hosts.setState(name, state, actor, reason ?? "");
        return { host: hostViewOf(cloud, name), leaving };
      },
    },
  ];
}
