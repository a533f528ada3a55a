import type { PropertyScope } from "@holdfast/wire";
import { configStageRequestSchema, configStageSchema, configToldSchema } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { z } from "zod";
import type { ConfigHouse } from "../../config/config-house.ts";
import { stageView } from "../../config/config-views.ts";
import { toldBy } from "./config-told.ts";
import type { Call, Route } from "./route.ts";

const idOf = ({ params }: Call): string => params["id"] ?? "";

/** Values on trial. */
export function configStageRoutes(config: ConfigHouse, actor: string): Route[] {
  return [...readRoutes(config), startRoute(config, actor), ...pushRoutes(config, actor)];
}

function readRoutes(config: ConfigHouse): Route[] {
  return [
    {
      method: "GET",
      path: ControlPaths.configStages,
      operationId: "listConfigStages",
      summary: "Values that are tried with some instances first, newest first, and how each went",
      status: 200,
      answer: { schema: z.array(configStageSchema) },
      handle: () => config.server.stages().map(stageView),
    },
    {
      method: "GET",
      path: "/v1/config/stages/{id}",
      operationId: "getConfigStage",
      summary: "One trial: its step, and what its gate sees",
      status: 200,
      answer: { schema: configStageSchema },
      codes: ["STAGE_UNKNOWN"],
      handle: (call) => stageView(config.server.stage(idOf(call))),
    },
  ];
}

function startRoute(config: ConfigHouse, actor: string): Route {
  return {
    method: "POST",
    path: ControlPaths.configStages,
    operationId: "stageConfig",
    summary: "Try a value step by step; a step whose gate fails takes it back everywhere",
    body: configStageRequestSchema,
    status: 201,
    answer: { schema: configStageSchema },
    codes: [
      "STAGE_INVALID",
      "STAGE_RUNNING",
      "CONFIG_KEY_INVALID",
      "CONFIG_VALUE_INVALID",
      "CONFIG_UNCHANGED",
      "CONFIG_READ_ONLY",
      "SECRET_UNKNOWN",
    ],
    handle: async ({ body }) => {
      const { key, value, scope, steps, gate } = body as z.output<typeof configStageRequestSchema>;
      const given = Object.fromEntries(Object.entries(gate ?? {}).filter(([, one]) => one !== undefined));
      const asked = { key, value, scope: scope as PropertyScope, steps, gate: given, ...toldBy(body, actor) };
      return stageView(await config.server.startStage(asked));
    },
  };
}

function pushRoutes(config: ConfigHouse, actor: string): Route[] {
  return [
    {
      method: "POST",
      path: "/v1/config/stages/{id}/revert",
      operationId: "revertConfigStage",
      summary: "Take a trial's value back now",
      body: configToldSchema,
      status: 200,
      answer: { schema: configStageSchema },
      codes: ["STAGE_UNKNOWN", "STAGE_INVALID"],
      handle: async (call) => stageView(await config.server.revertStage(idOf(call), toldBy(call.body, actor))),
    },
    {
      method: "POST",
      path: "/v1/config/stages/{id}/advance",
      operationId: "advanceConfigStage",
      summary: "Go to the next step, or to the end, without waiting for the gate",
      body: configToldSchema,
      status: 200,
      answer: { schema: configStageSchema },
      codes: ["STAGE_UNKNOWN", "STAGE_INVALID", "CONFIG_READ_ONLY"],
      handle: async (call) => stageView(await config.server.advanceStage(idOf(call), toldBy(call.body, actor))),
    },
  ];
}
