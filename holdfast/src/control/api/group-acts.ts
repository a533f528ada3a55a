import type { Asker, GroupOperation, GroupSettings, ServerGroups } from "@holdfast/cloud-server";
import { PlatformError } from "@holdfast/kernel";
import {
  cloneRequestSchema,
  decrementRequestSchema,
  forceRequestSchema,
  groupInstanceRequestSchema,
  groupSettingsRequestSchema,
  hookAnswerSchema,
  instancesRequestSchema,
  operationViewSchema,
  processesRequestSchema,
  protectRequestSchema,
  refreshRequestSchema,
  resizeRequestSchema,
} from "@holdfast/wire/control";
import type { z } from "zod";
import { type GroupRouteParts, groupPath, nameOf } from "./group-routes.ts";
import type { Call, Route } from "./route.ts";

const general = ["GROUP_UNKNOWN", "GROUP_DELETING", "IDEMPOTENCY_KEY_REUSED", "STATE_READ_ONLY"];
const keyLengthMax = 128;

/** The atomic operations on server groups, each idempotent by key. */
export function groupActs(parts: GroupRouteParts, actor: string): Route[] {
  return [...sizeActs(parts, actor), ...upkeepActs(parts, actor), ...instanceActs(parts, actor)];
}

/** One operation: its place, its words, and what carries it out. */
interface Act<S extends z.ZodType> {
  readonly act: string;
  readonly operationId: string;
  readonly summary: string;
  readonly body?: S;
  readonly codes?: readonly string[];
  readonly run: (groups: ServerGroups, name: string, body: z.output<S>, asker: Asker) => Promise<GroupOperation>;
}

function route<S extends z.ZodType>(parts: GroupRouteParts, actor: string, act: Act<S>): Route {
  return {
    method: "POST",
    path: `${groupPath}/${act.act}`,
    operationId: act.operationId,
    summary: act.summary,
    idempotent: true,
    ...(act.body === undefined ? {} : { body: act.body }),
    status: 202,
    answer: { schema: operationViewSchema },
    codes: [...general, ...(act.codes ?? [])],
    handle: async (call) => {
      const operation = await act.run(parts.cloud.serverGroups, nameOf(call), call.body as z.output<S>, {
        actor,
        key: keyOf(call),
      });
      return parts.cloud.operation(operation.id);
    },
  };
}

function sizeActs(parts: GroupRouteParts, actor: string): Route[] {
  return [
    route(parts, actor, {
      act: "clone",
      operationId: "cloneGroup",
      summary: "Start the next server group of the cluster beside this one, with what is named instead",
      body: cloneRequestSchema,
      codes: ["CLUSTER_FULL", "CAPACITY_INVALID", "GROUP_EXCLUSIVE", "IMAGE_MISSING"],
      run: (groups, name, { min, desired, max, ...rest }, asker) =>
        groups.clone(name, { ...defined(rest), scale: defined({ min, desired, max }) }, asker),
    }),
    route(parts, actor, {
      act: "resize",
      operationId: "resizeGroup",
      summary: "Change min, desired and max; what is not named moves only as far as it must",
      body: resizeRequestSchema,
      codes: ["CAPACITY_INVALID"],
      run: (groups, name, body, asker) => groups.resize(name, defined(body), asker),
    }),
    route(parts, actor, {
      act: "enable",
      operationId: "enableGroup",
      summary: "Give the group's instances traffic, and let it launch and end again",
      run: (groups, name, _body, asker) => groups.enable(name, asker),
    }),
    route(parts, actor, {
      act: "disable",
      operationId: "disableGroup",
      summary:
        "Take the group's instances out of traffic, present and future; suspends Launch, Terminate, AddToLoadBalancer",
      body: forceRequestSchema,
      codes: ["LAST_ENABLED_GROUP"],
      run: (groups, name, body, asker) => groups.disable(name, body, asker),
    }),
    route(parts, actor, {
      act: "destroy",
      operationId: "destroyGroup",
      summary: "End all instances of the group, and then the group",
      body: forceRequestSchema,
      codes: ["LAST_ENABLED_GROUP"],
      run: (groups, name, body, asker) => groups.destroy(name, body, asker),
    }),
  ];
}

function upkeepActs(parts: GroupRouteParts, actor: string): Route[] {
  return [
    route(parts, actor, {
      act: "suspend",
      operationId: "suspendProcesses",
      summary: "Suspend scaling processes of the group",
      body: processesRequestSchema,
      run: (groups, name, { processes }, asker) => groups.suspend(name, processes, asker),
    }),
    route(parts, actor, {
      act: "resume",
      operationId: "resumeProcesses",
      summary: "Resume scaling processes of the group",
      body: processesRequestSchema,
      run: (groups, name, { processes }, asker) => groups.resume(name, processes, asker),
    }),
    route(parts, actor, {
      act: "settings",
      operationId: "setGroupSettings",
      summary: "Change termination policies, checks, grace, lifetime, hooks or the warm pool; what is not named stays",
      body: groupSettingsRequestSchema,
      codes: ["GROUP_SETTINGS_INVALID"],
      run: (groups, name, body, asker) => groups.configure(name, settingsOf(body), asker),
    }),
    route(parts, actor, {
      act: "refresh",
      operationId: "startRefresh",
      summary: "Replace the group's instances step by step, with what is named instead (instance refresh)",
      body: refreshRequestSchema,
      codes: ["REFRESH_IN_PROGRESS", "REFRESH_INVALID", "IMAGE_MISSING"],
      run: (groups, name, body, asker) => groups.refresh(name, defined(body), asker),
    }),
    ...(["cancel", "rollback"] as const).map((how) =>
      route(parts, actor, {
        act: `refresh/${how}`,
        operationId: `${how}Refresh`,
        summary: how === "cancel" ? "Call the refresh off" : "Go back to what the group ran before its refresh",
        codes: ["REFRESH_INVALID"],
        run: (groups, name, _body, asker) => groups.endRefresh(name, how, asker),
      }),
    ),
    route(parts, actor, {
      act: "continue",
      operationId: "continueRollout",
      summary: "Let a rollout go on that was paused when a zone was lost, without the zones that are lost now",
      run: (groups, name, _body, asker) => groups.continueRollout(name, parts.cloud.lostZones(), asker),
    }),
  ];
}

function instanceActs(parts: GroupRouteParts, actor: string): Route[] {
  return [
    route(parts, actor, {
      act: "shrink",
      operationId: "shrinkGroup",
      summary: "End this instance and want one less",
      body: groupInstanceRequestSchema,
      codes: ["INSTANCE_UNKNOWN", "CAPACITY_INVALID"],
      run: (groups, name, { instance }, asker) => groups.shrink(name, instance, asker),
    }),
    route(parts, actor, {
      act: "standby",
      operationId: "enterStandby",
      summary: "Take instances out of traffic and capacity without ending them",
      body: decrementRequestSchema,
      codes: ["INSTANCE_UNKNOWN", "CAPACITY_INVALID"],
      run: (groups, name, { instances, decrement }, asker) => groups.enterStandby(name, instances, decrement, asker),
    }),
    route(parts, actor, {
      act: "in-service",
      operationId: "exitStandby",
      summary: "Put instances on standby back into service",
      body: instancesRequestSchema,
      codes: ["INSTANCE_UNKNOWN"],
      run: (groups, name, { instances }, asker) => groups.exitStandby(name, instances, asker),
    }),
    route(parts, actor, {
      act: "protect",
      operationId: "protectInstances",
      summary: "Protect instances from scale-in, or no longer",
      body: protectRequestSchema,
      codes: ["INSTANCE_UNKNOWN"],
      run: (groups, name, body, asker) => groups.protect(name, body.instances, body.protected, asker),
    }),
    route(parts, actor, {
      act: "detach",
      operationId: "detachInstances",
      summary: "Give instances away: they run on and belong to no group",
      body: decrementRequestSchema,
      codes: ["INSTANCE_UNKNOWN", "CAPACITY_INVALID"],
      run: (groups, name, { instances, decrement }, asker) => groups.detach(name, instances, decrement, asker),
    }),
    route(parts, actor, {
      act: "hook",
      operationId: "answerLifecycleHook",
      summary: "Answer a lifecycle hook for an instance that waits for it, or begin its time anew (HEARTBEAT)",
      body: hookAnswerSchema,
      codes: ["INSTANCE_UNKNOWN", "HOOK_NOT_WAITING"],
      run: (groups, name, { instance, hook, answer }, asker) => groups.answerHook(name, instance, hook, answer, asker),
    }),
  ];
}

/** @throws PlatformError `IDEMPOTENCY_KEY_INVALID` (400). */
function keyOf({ request }: Call): string | undefined {
  const key = request.headers["idempotency-key"];
  if (key === undefined) return undefined;
  if (typeof key === "string" && key.length > 0 && key.length <= keyLengthMax) return key;
  throw new PlatformError("IDEMPOTENCY_KEY_INVALID", `the header idempotency-key is 1 to ${keyLengthMax} characters`, {
    status: 400,
  });
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** The same without fields that are there and `undefined`. */
function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as Defined<T>;
}

function settingsOf(body: z.output<typeof groupSettingsRequestSchema>): Partial<GroupSettings> {
  const { maxInstanceLifetimeMs, warmPool, httpCheck, ...rest } = body;
  return {
    ...defined(rest),
    ...(httpCheck === undefined ? {} : { httpCheck: httpCheck ?? undefined }),
    ...(maxInstanceLifetimeMs === undefined ? {} : { maxInstanceLifetimeMs: maxInstanceLifetimeMs ?? undefined }),
    ...(warmPool === undefined
      ? {}
      : {
          warmPool:
            warmPool === null
              ? undefined
              : { ...warmPool, maxPreparedCapacity: warmPool.maxPreparedCapacity ?? undefined },
        }),
  };
}
