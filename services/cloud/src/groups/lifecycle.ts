import type { InstanceId } from "@holdfast/kernel";
import type { InstanceObservation } from "@holdfast/wire";
import { type HookWait, type ServerGroup, withMark } from "../group.ts";
import type { LifecycleResult, LifecycleTransition } from "../group-settings.ts";

/** AWS's words for where an instance is in its life. */
export type LifecycleState =
  | "Pending"
  | "Pending:Wait"
  | "Pending:Proceed"
  | "Quarantined"
  | "InService"
  | "Terminating"
  | "Terminating:Wait"
  | "Terminating:Proceed"
  | "Terminated"
  | "Detaching"
  | "Detached"
  | "EnteringStandby"
  | "Standby"
  | "Warmed:Pending"
  | "Warmed:Running"
  | "Warmed:Stopped";

/** What decides the state beside the observation. */
export interface LifecycleFacts {
  readonly leaving: boolean;
  readonly detached: boolean;
  /** The registries have been told that it gets no traffic. */
  readonly isOut: boolean;
}

/** Where in its life an instance is, from what is kept of it and what is seen. */
export function lifecycleOf(
  group: ServerGroup | undefined,
  instance: InstanceObservation,
  { leaving, detached, isOut }: LifecycleFacts,
): LifecycleState {
  const mark = group?.marks[instance.spec.id];
  if (instance.state === "stopped") return "Terminated";
  if (mark?.hook?.transition === "terminating") {
    return mark.hook.proceeding === true ? "Terminating:Proceed" : "Terminating:Wait";
  }
  if (instance.state === "draining" || leaving || mark?.doomed !== undefined) return "Terminating";
  if (detached) return "Detached";
  if (mark?.standby === true) return isOut ? "Standby" : "EnteringStandby";
  if (mark?.warm !== undefined) return warmStates[mark.warm];
  if (mark?.hook !== undefined) return mark.hook.proceeding === true ? "Pending:Proceed" : "Pending:Wait";
  return instance.state === "starting" ? "Pending" : "InService";
}

const warmStates = {
  pending: "Warmed:Pending",
  running: "Warmed:Running",
  stopped: "Warmed:Stopped",
  leaving: "Pending",
} as const;

/** No heartbeat keeps an instance waiting longer than this, or than a hundred timeouts (AWS). */
const waitMaxMs = 48 * 3_600_000;
const waitMaxTimeouts = 100;

/** The wait that a group's hooks make an instance begin; `undefined` when it has none for this transition. */
export function hookWait(
  group: ServerGroup,
  transition: LifecycleTransition,
  nowMs: number,
  cause?: string,
): HookWait | undefined {
  const hooks = group.settings.hooks.filter((hook) => hook.transition === transition);
  if (hooks.length === 0) return undefined;
  const untilMs = nowMs + Math.min(...hooks.map((hook) => hook.heartbeatTimeoutMs));
  const waiting = hooks.map((hook) => hook.name);
  return { waiting, transition, sinceMs: nowMs, untilMs, ...(cause === undefined ? {} : { cause }) };
}

/** The group with the hook's time begun anew, within its bound; unchanged for an instance that does not wait for it. */
export function heartbeat(group: ServerGroup, id: InstanceId, hookName: string, nowMs: number): ServerGroup {
  const wait = waitOf(group, id, hookName);
  const hook = group.settings.hooks.find(({ name }) => name === hookName);
  if (wait === undefined || hook === undefined) return group;
  const latestMs = wait.sinceMs + Math.min(waitMaxMs, hook.heartbeatTimeoutMs * waitMaxTimeouts);
  const untilMs = Math.min(nowMs + hook.heartbeatTimeoutMs, latestMs);
  return withMark(group, id, { ...group.marks[id], hook: { ...wait, untilMs } });
}

/**
 * The group after a hook's answer. CONTINUE: the instance waits for the other hooks, if any, and then goes on. ABANDON: the
 * other hooks are not waited for; one that was starting is ended and replaced, one that was ending ends.
 */
export function completed(group: ServerGroup, id: InstanceId, hookName: string, result: LifecycleResult): ServerGroup {
  const wait = waitOf(group, id, hookName);
  if (wait === undefined) return group;
  const { hook: _, ...rest } = group.marks[id] ?? {};
  const waiting = wait.waiting.filter((name) => name !== hookName);
  if (result === "CONTINUE" && waiting.length > 0) {
    return withMark(group, id, { ...rest, hook: { ...wait, waiting } });
  }
  if (wait.transition === "terminating") {
    return withMark(group, id, { ...rest, hook: { ...wait, waiting: [], proceeding: true } });
  }
  if (result === "CONTINUE") return withMark(group, id, rest);
  return withMark(group, id, { ...rest, doomed: `the lifecycle hook ${hookName} abandoned ${id}` });
}

/** The group after every wait whose time is up has ended as its hook says, and whose. */
export function timedOut(
  group: ServerGroup,
  nowMs: number,
): { readonly group: ServerGroup; readonly ids: InstanceId[] } {
  const ids: InstanceId[] = [];
  let so = group;
  for (const [id, { hook }] of Object.entries(group.marks)) {
    if (hook === undefined || hook.proceeding === true || hook.untilMs > nowMs) continue;
    ids.push(id as InstanceId);
    const results = hook.waiting.map((name) => defaultOf(group, name));
    const result = results.includes("ABANDON") ? "ABANDON" : "CONTINUE";
    for (const name of hook.waiting) so = completed(so, id as InstanceId, name, result);
  }
  return { group: so, ids };
}

function defaultOf(group: ServerGroup, hookName: string): LifecycleResult {
  return group.settings.hooks.find(({ name }) => name === hookName)?.defaultResult ?? "ABANDON";
}

function waitOf(group: ServerGroup, id: InstanceId, hookName: string): HookWait | undefined {
  const wait = group.marks[id]?.hook;
  return wait !== undefined && wait.proceeding === undefined && wait.waiting.includes(hookName) ? wait : undefined;
}
