import { InstanceUnknownError } from "@holdfast/cloud-server";
import { type PropertyScope, propertyScopeKeys } from "@holdfast/wire";
import {
  configChangeSchema,
  configEditsSchema,
  configExplainAnswerSchema,
  configListenerSchema,
  configRollbackRequestSchema,
  configSetRequestSchema,
  configViewSchema,
} from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { z } from "zod";
import type { ConfigHouse } from "../../config/config-house.ts";
import { changeView, configView, editView, explanationView, runningTrials } from "../../config/config-views.ts";
import { configProcessRoutes } from "./config-process-routes.ts";
import { configSecretRoutes } from "./config-secret-routes.ts";
import { configStageRoutes } from "./config-stage-routes.ts";
import { toldBy } from "./config-told.ts";
import type { Route } from "./route.ts";

const whole = (min: number, max: number): z.ZodType<number> => z.coerce.number<string>().int().min(min).max(max);
const revision = whole(0, Number.MAX_SAFE_INTEGER);
const keyText = z.string().min(1).max(256);
const text = z.string().min(1).max(1_024);

const listQuery = z.object({
  search: text.optional().describe("In the key or the value, whatever its case."),
  key: keyText.optional().describe("Only the values of this key."),
  limit: whole(1, 100_000).optional().describe("Default 1,000."),
});
const historyQuery = z.object({
  key: keyText.optional().describe("Only changes that touch this key."),
  before: whole(1, Number.MAX_SAFE_INTEGER).optional().describe("Only revisions below this."),
  limit: whole(1, 1_000).optional().describe("Default 100."),
});
const diffQuery = z.object({
  from: revision.describe("A revision."),
  to: revision.optional().describe("Another one; default: the present."),
});
const scopeQuery = Object.fromEntries(propertyScopeKeys.map((key) => [key, text.optional()])) as Record<
  (typeof propertyScopeKeys)[number],
  z.ZodOptional<z.ZodString>
>;
const explainQuery = z.object({
  key: keyText.optional().describe("Default: every key that has a value for the asker."),
  instance: text.optional().describe("For this instance as it is; instead of the scopes."),
  ...scopeQuery,
});

/** Properties, their history, trials and secrets, for operators; and what processes ask. */
export function configRoutes(parts: { readonly config: ConfigHouse }, actor: string): Route[] {
  const { config } = parts;
  return [
    ...propertyRoutes(config, actor),
    ...historyRoutes(config, actor),
    ...explainRoutes(config),
    ...configStageRoutes(config, actor),
    ...configSecretRoutes(config, actor),
    ...configProcessRoutes(config),
  ];
}

function propertyRoutes(config: ConfigHouse, actor: string): Route[] {
  return [
    {
      method: "GET",
      path: ControlPaths.configProperties,
      operationId: "listConfig",
      summary: "Values by key and scope, the most special of a key first",
      query: listQuery,
      status: 200,
      answer: { schema: configViewSchema },
      handle: ({ query }) => {
        const { search, key, limit = 1_000 } = query as z.output<typeof listQuery>;
        return configView(config.server, { search, key, limit });
      },
    },
    {
      method: "POST",
      path: ControlPaths.configChanges,
      operationId: "changeConfig",
      summary: "Set and remove values, all or nothing; answered when it is kept and every listener was told",
      body: configSetRequestSchema,
      status: 200,
      answer: { schema: configChangeSchema },
      codes: [
        "CONFIG_KEY_INVALID",
        "CONFIG_VALUE_INVALID",
        "CONFIG_SCOPE_INVALID",
        "CONFIG_UNKNOWN",
        "CONFIG_UNCHANGED",
        "CONFIG_FULL",
        "CONFIG_READ_ONLY",
        "SECRET_UNKNOWN",
        "STAGE_RUNNING",
      ],
      handle: async ({ body }) => {
        const { edits } = body as z.output<typeof configSetRequestSchema>;
        const asked = edits.map(({ key, scope, value }) => ({ key, scope: scope as PropertyScope, value }));
        return changeView(await config.server.set(asked, toldBy(body, actor)));
      },
    },
  ];
}

function historyRoutes(config: ConfigHouse, actor: string): Route[] {
  return [
    {
      method: "GET",
      path: ControlPaths.configChanges,
      operationId: "listConfigChanges",
      summary: "Who changed what, when and why; newest first",
      query: historyQuery,
      status: 200,
      answer: { schema: z.array(configChangeSchema) },
      handle: async ({ query }) => {
        const { key, before, limit = 100 } = query as z.output<typeof historyQuery>;
        const asked = { limit, ...(key === undefined ? {} : { key }), ...(before === undefined ? {} : { before }) };
        return (await config.server.history(asked)).map(changeView);
      },
    },
    {
      method: "GET",
      path: ControlPaths.configDiff,
      operationId: "diffConfig",
      summary: "What is different between two revisions",
      query: diffQuery,
      status: 200,
      answer: { schema: configEditsSchema },
      codes: ["CONFIG_REVISION_UNKNOWN"],
      handle: async ({ query }) => {
        const { from, to } = query as z.output<typeof diffQuery>;
        return (await config.server.diff(from, to ?? config.server.revision)).map(editView);
      },
    },
    {
      method: "POST",
      path: ControlPaths.configRollback,
      operationId: "rollbackConfig",
      summary: "Back to a revision, or without one change; a new change that keeps the history whole",
      body: configRollbackRequestSchema,
      status: 200,
      answer: { schema: configChangeSchema },
      codes: ["CONFIG_REVISION_UNKNOWN", "CONFIG_UNCHANGED", "CONFIG_ROLLBACK_CONFLICT", "CONFIG_READ_ONLY"],
      handle: async ({ body }) => {
        const { to, undo } = body as z.output<typeof configRollbackRequestSchema>;
        const told = toldBy(body, actor);
        const { server: now } = config;
        return changeView(await (to === undefined ? now.undo(undo ?? 0, told) : now.rollbackTo(to, told)));
      },
    },
  ];
}

function explainRoutes(config: ConfigHouse): Route[] {
  return [
    {
      method: "GET",
      path: ControlPaths.configExplain,
      operationId: "explainConfig",
      summary: "Why a key, or each, has the value it has for an instance or for somebody with these scopes",
      query: explainQuery,
      status: 200,
      answer: { schema: configExplainAnswerSchema },
      codes: ["INSTANCE_UNKNOWN", "CONFIG_SCOPE_INVALID"],
      handle: ({ query }) => {
        const { key, instance, ...scopes } = query as z.output<typeof explainQuery>;
        const context = instance === undefined ? (scopes as PropertyScope) : config.contextOf(instance);
        if (context === undefined) throw new InstanceUnknownError(instance ?? "");
        const trials = runningTrials(config.server);
        return { context, keys: config.server.explain(context, key).map((one) => explanationView(one, trials)) };
      },
    },
    {
      method: "GET",
      path: ControlPaths.configInstances,
      operationId: "listConfigInstances",
      summary: "Which instances listen for changes, and how far each was told",
      status: 200,
      answer: { schema: z.array(configListenerSchema) },
      handle: () => config.listeners(),
    },
  ];
}
