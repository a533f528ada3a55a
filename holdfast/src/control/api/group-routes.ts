import type { Cloud } from "@holdfast/cloud-server";
import { PlatformError, type Zone } from "@holdfast/kernel";
import { healthRequestSchema, operationViewSchema, serverGroupViewSchema } from "@holdfast/wire/control";
import { z } from "zod";
import { groupView } from "../../groups/group-view.ts";
import type { Call, Route } from "./route.ts";

export interface GroupRouteParts {
  readonly cloud: Cloud;
  readonly settings: { readonly zones: readonly Zone[] };
}

export const groupPath = "/v1/groups/{name}";

/** Server groups: what there is, and an operator's word on the health of an instance. */
export function groupRoutes(parts: GroupRouteParts, actor: string): Route[] {
  return [...readRoutes(parts), healthRoute(parts, actor)];
}

function readRoutes({ cloud, settings }: GroupRouteParts): Route[] {
  return [
    {
      method: "GET",
      path: "/v1/groups",
      operationId: "listGroups",
      summary: "Every server group of every cluster, with its instances",
      query: z.object({ cluster: z.string().max(256).optional().describe("Only those of this cluster or service.") }),
      status: 200,
      answer: { schema: z.array(serverGroupViewSchema) },
      handle: ({ query }) => {
        const asked = query["cluster"];
        return cloud
          .groups()
          .filter(({ group }) => asked === undefined || group.cluster === asked || group.definition.service === asked)
          .map((status) => groupView(cloud, status, settings.zones));
      },
    },
    {
      method: "GET",
      path: groupPath,
      operationId: "getGroup",
      summary: "One server group",
      status: 200,
      answer: { schema: serverGroupViewSchema },
      codes: ["GROUP_UNKNOWN"],
      handle: (call) => {
        const status = cloud.group(nameOf(call));
        if (status !== undefined) return groupView(cloud, status, settings.zones);
        throw new PlatformError("GROUP_UNKNOWN", `${nameOf(call)}: no such server group`, {
          status: 404,
          next: "holdfast groups",
        });
      },
    },
    {
      method: "GET",
      path: `${groupPath}/operations`,
      operationId: "listGroupOperations",
      summary: "What was asked of a server group, newest first",
      status: 200,
      answer: { schema: z.array(operationViewSchema) },
      handle: (call) => cloud.operationsOf(nameOf(call), 50).flatMap(({ id }) => cloud.operation(id) ?? []),
    },
  ];
}

function healthRoute({ cloud, settings }: GroupRouteParts, actor: string): Route {
  return {
    method: "POST",
    path: `${groupPath}/health`,
    operationId: "setInstanceHealth",
    summary: "Say that an instance is unhealthy (it is replaced), or healthy again",
    body: healthRequestSchema,
    status: 202,
    answer: { schema: serverGroupViewSchema },
    codes: ["GROUP_UNKNOWN", "INSTANCE_UNKNOWN"],
    handle: (call) => {
      const { instance, healthy } = call.body as z.output<typeof healthRequestSchema>;
      cloud.setInstanceHealth(instance, healthy, actor);
      const status = cloud.group(nameOf(call));
      return status === undefined ? undefined : groupView(cloud, status, settings.zones);
    },
  };
}

export function nameOf({ params }: Call): string {
  return params["name"] ?? "";
}
