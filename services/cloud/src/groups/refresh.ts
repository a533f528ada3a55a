import { type InstanceId, PlatformError } from "@holdfast/kernel";
import type { InstanceObservation } from "@holdfast/wire";
import { isSuspended, type LaunchTemplate, type Rollout, type ServerGroup, withMark } from "../group.ts";

/** AWS's words for how an instance refresh stands. */
export type RefreshStatus =
  | "Pending"
  | "InProgress"
  | "Baking"
  | "Successful"
  | "Failed"
  | "Cancelling"
  | "Cancelled"
  | "RollbackInProgress"
  | "RollbackSuccessful"
  | "RollbackFailed";

export interface RefreshOptions {
  /** So many of `desired`, in percent, serve all the time. */
  readonly minHealthyPercentage: number;
  /** 100 to 200: how far above `desired` it may go; with 100 and room below, the old ends before the new starts. */
  readonly maxHealthyPercentage: number;
  /** Percentages after which it waits; ascending, the last may be 100. */
  readonly checkpointPercentages: readonly number[];
  readonly checkpointDelayMs: number;
  /** Instances that run just this already are left alone. */
  readonly skipMatching: boolean;
  /** What fails goes back to the template before. */
  readonly autoRollback: boolean;
  /** So long after the last one it is watched before it counts as a success. */
  readonly bakeTimeMs: number;
  readonly scaleInProtectedInstances: "Wait" | "Ignore" | "Refresh";
  readonly standbyInstances: "Wait" | "Ignore" | "Terminate";
}

/** AWS's own defaults (`RefreshPreferences`). */
export const refreshDefaults: RefreshOptions = {
  minHealthyPercentage: 90,
  maxHealthyPercentage: 100,
  checkpointPercentages: [],
  checkpointDelayMs: 3_600_000,
  skipMatching: false,
  autoRollback: false,
  bakeTimeMs: 0,
  scaleInProtectedInstances: "Wait",
  standbyInstances: "Wait",
};

/** Waiting for protected or standby instances has an end (AWS). */
const waitMaxMs = 3_600_000;

/** The replacement of a group's instances, step by step; kept over restarts. */
export interface RefreshState {
  readonly operation: string;
  readonly actor: string;
  readonly status: RefreshStatus;
  readonly options: RefreshOptions;
  /** Who is to be replaced, in this order. */
  readonly instances: readonly InstanceId[];
  /** Of them, in percent, how many have been. */
  readonly percent: number;
  /** Which of the checkpoints (and then the end) it works towards. */
  readonly step: number;
  /** Wall times in ms. */
  readonly startedAtMs: number;
  readonly waitsUntilMs: number | undefined;
  readonly endedAtMs: number | undefined;
  /** What was launched before, when the refresh changed it. */
  readonly previous: LaunchTemplate | undefined;
  readonly reason: string;
}

const activeStatuses: readonly RefreshStatus[] = [
  "Pending",
  "InProgress",
  "Baking",
  "Cancelling",
  "RollbackInProgress",
];

export function isActive(refresh: RefreshState | undefined): refresh is RefreshState {
  return refresh !== undefined && activeStatuses.includes(refresh.status);
}

/**
 * The group with a refresh begun; `template` changes what it launches from now on.
 *
 * @throws PlatformError `REFRESH_IN_PROGRESS`, `ROLLOUT_IN_PROGRESS` (409), `REFRESH_INVALID` (400).
 */
export function refreshed(
  group: ServerGroup,
  members: readonly InstanceObservation[],
  begin: Pick<RefreshState, "operation" | "actor" | "startedAtMs"> & {
    readonly options: Partial<RefreshOptions>;
    readonly template?: Partial<Pick<LaunchTemplate, "image" | "run" | "env">>;
  },
): ServerGroup {
  if (isActive(group.refresh)) {
    throw new PlatformError("REFRESH_IN_PROGRESS", `${group.name}: its refresh is ${group.refresh.status}`, {
      status: 409,
      next: `holdfast group refresh ${group.name} --cancel`,
    });
  }
  if (group.rollout !== undefined) {
    throw new PlatformError("ROLLOUT_IN_PROGRESS", `${group.name}: its ${group.rollout.kind} is still under way`, {
      status: 409,
      next: `holdfast groups ${group.name}`,
    });
  }
  const options = { ...refreshDefaults, ...begin.options };
  checkOptions(options);
  const template = { ...group.definition.template, ...begin.template };
  const changed = { ...group, definition: { ...group.definition, template } };
  const candidates = members.filter(
    ({ spec, state }) =>
      state !== "stopped" &&
      state !== "draining" &&
      group.marks[spec.id]?.doomed === undefined &&
      !isLeftAlone(group, spec.id, options) &&
      !(options.skipMatching && runs(spec, template)),
  );
  const refresh: RefreshState = {
    operation: begin.operation,
    actor: begin.actor,
    status: "Pending",
    options,
    instances: candidates.map(({ spec }) => spec.id),
    percent: 0,
    step: 0,
    startedAtMs: begin.startedAtMs,
    waitsUntilMs: undefined,
    endedAtMs: undefined,
    previous: begin.template === undefined ? undefined : group.definition.template,
    reason: "",
  };
  return preparedMarks({ ...changed, refresh }, options, refresh.instances);
}

function isLeftAlone(group: ServerGroup, id: string, options: RefreshOptions): boolean {
  const mark = group.marks[id];
  if (mark?.warm !== undefined) return true;
  if (mark?.standby === true && options.standbyInstances === "Ignore") return true;
  return mark?.protected === true && options.scaleInProtectedInstances === "Ignore";
}

/** Protected ones lose their protection, those on standby end, where that was asked for. */
function preparedMarks(group: ServerGroup, options: RefreshOptions, ids: readonly string[]): ServerGroup {
  return ids.reduce((so, id) => {
    const mark = so.marks[id];
    if (mark?.standby === true && options.standbyInstances === "Terminate") {
      return withMark(so, id, { ...mark, doomed: `instance refresh of ${group.name}` });
    }
    if (mark?.protected !== true || options.scaleInProtectedInstances !== "Refresh") return so;
    const { protected: _, ...rest } = mark;
    return withMark(so, id, rest);
  }, group);
}

function runs(spec: InstanceObservation["spec"], template: LaunchTemplate): boolean {
  if (spec.image !== template.image || spec.run !== template.run) return false;
  return Object.entries(template.env).every(([name, value]) => spec.env[name] === value);
}

function checkOptions(options: RefreshOptions): void {
  const { minHealthyPercentage: min, maxHealthyPercentage: max, checkpointPercentages: points } = options;
  if (min < 0 || min > 100) refuse(`the minimum healthy percentage is from 0 to 100, got ${min}`);
  if (max < 100 || max > 200) refuse(`the maximum healthy percentage is from 100 to 200, got ${max}`);
  if (max - min > 100) refuse(`the healthy percentages are at most 100 apart, got ${min} and ${max}`);
  const isAscending = points.every((point, i) => point > (points[i - 1] ?? 0) && point <= 100);
  if (!isAscending) refuse(`checkpoints are ascending percentages from 1 to 100, got ${points.join(", ")}`);
  if (options.checkpointDelayMs < 0 || options.checkpointDelayMs > 172_800_000)
    refuse("a checkpoint waits at most 48 h");
  if (options.bakeTimeMs < 0 || options.bakeTimeMs > 172_800_000) refuse("the bake time is at most 48 h");
}

function refuse(reason: string): never {
  throw new PlatformError("REFRESH_INVALID", reason, { status: 400, next: "holdfast group refresh --help" });
}

export interface RefreshFacts {
  /** The group's instances, of whatever state. */
  readonly members: readonly InstanceObservation[];
  readonly nowMs: number;
  /** The new ones crash in a row: why. */
  readonly failure: string | undefined;
}

/** One step of a refresh; the same group when there is nothing to do. Pure. */
export function stepRefresh(group: ServerGroup, facts: RefreshFacts): ServerGroup {
  const { refresh } = group;
  if (!isActive(refresh) || isSuspended(group, "InstanceRefresh")) return group;
  if (refresh.status === "Cancelling") return ended(group, refresh, "Cancelled", facts.nowMs, refresh.reason);
  if (facts.failure !== undefined) return failed(group, refresh, facts, facts.failure);
  if (refresh.status === "Pending") return released(group, { ...refresh, status: "InProgress" });
  if (refresh.status === "Baking") {
    return facts.nowMs < (refresh.waitsUntilMs ?? 0) ? group : ended(group, refresh, "Successful", facts.nowMs, "");
  }
  return replacing(group, refresh, facts);
}

function replacing(group: ServerGroup, refresh: RefreshState, facts: RefreshFacts): ServerGroup {
  const standing = new Set<string>();
  for (const { spec, state } of facts.members) if (state !== "stopped") standing.add(spec.id);
  const left = refresh.instances.filter((id) => standing.has(id));
  const total = refresh.instances.length;
  const percent = total === 0 ? 100 : Math.floor(((total - left.length) * 100) / total);
  const now = percent === refresh.percent ? group : { ...group, refresh: { ...refresh, percent } };
  const current = { ...refresh, percent };
  const isDone = refresh.instances.slice(0, releasedCount(refresh)).every((id) => !standing.has(id));
  if (!isDone || !isWhole(group, facts.members)) return stuck(now, current, left, facts);
  if (refresh.waitsUntilMs !== undefined) {
    if (facts.nowMs < refresh.waitsUntilMs) return now;
    return released(group, { ...current, step: refresh.step + 1, waitsUntilMs: undefined });
  }
  const isLast = left.length === 0;
  if (!isLast) {
    return { ...now, refresh: { ...current, waitsUntilMs: facts.nowMs + refresh.options.checkpointDelayMs } };
  }
  if (refresh.status === "RollbackInProgress") {
    return ended(group, current, "RollbackSuccessful", facts.nowMs, refresh.reason);
  }
  if (refresh.options.bakeTimeMs === 0) return ended(group, current, "Successful", facts.nowMs, "");
  const waitsUntilMs = facts.nowMs + refresh.options.bakeTimeMs;
  return { ...group, rollout: undefined, refresh: { ...current, status: "Baking", waitsUntilMs } };
}

/** What is protected or on standby may be all that is left; that is waited for an hour. */
function stuck(
  group: ServerGroup,
  refresh: RefreshState,
  left: readonly InstanceId[],
  facts: RefreshFacts,
): ServerGroup {
  const held = left.filter((id) => group.marks[id]?.protected === true || group.marks[id]?.standby === true);
  if (held.length === 0 || held.length < left.length || facts.nowMs - refresh.startedAtMs < waitMaxMs) return group;
  return failed(group, refresh, facts, `${held.join(", ")} are protected or on standby`);
}

function isWhole(group: ServerGroup, members: readonly InstanceObservation[]): boolean {
  let up = 0;
  for (const { spec, state } of members) {
    const mark = group.marks[spec.id];
    if (state === "up" && mark?.standby === undefined && mark?.warm === undefined && mark?.hook === undefined) up++;
  }
  return up >= group.desired;
}

function releasedCount(refresh: RefreshState): number {
  const percent =
    refresh.status === "RollbackInProgress" ? 100 : (refresh.options.checkpointPercentages[refresh.step] ?? 100);
  return Math.ceil((refresh.instances.length * percent) / 100);
}

/** Those up to the next checkpoint are outdated from now on. */
function released(group: ServerGroup, refresh: RefreshState): ServerGroup {
  const { options, operation, actor, startedAtMs } = refresh;
  const rollout: Rollout = {
    operation,
    kind: "refresh",
    actor,
    startedAtMs,
    outdated: refresh.instances.slice(0, releasedCount(refresh)),
    minHealthyPercent: options.minHealthyPercentage,
    ...(options.maxHealthyPercentage === 100 ? { noSurge: true } : { maxHealthyPercent: options.maxHealthyPercentage }),
  };
  return { ...group, refresh, rollout };
}

function failed(group: ServerGroup, refresh: RefreshState, facts: RefreshFacts, reason: string): ServerGroup {
  if (refresh.status === "RollbackInProgress") return ended(group, refresh, "RollbackFailed", facts.nowMs, reason);
  if (!refresh.options.autoRollback || refresh.previous === undefined) {
    return ended(group, refresh, "Failed", facts.nowMs, reason);
  }
  return rolledBack(group, facts.members, reason);
}

/**
 * The group on its way back to the template before its refresh: what runs the new one is replaced.
 *
 * @throws PlatformError `REFRESH_INVALID` (409) without an active refresh that changed the template.
 */
export function rolledBack(group: ServerGroup, members: readonly InstanceObservation[], reason: string): ServerGroup {
  const { refresh } = group;
  if (!isActive(refresh) || refresh.previous === undefined) {
    throw new PlatformError(
      "REFRESH_INVALID",
      `${group.name}: there is no active refresh with a template to go back to`,
      {
        status: 409,
        next: `holdfast groups ${group.name}`,
      },
    );
  }
  const template = refresh.previous;
  const instances = members
    .filter(({ spec, state }) => state !== "stopped" && state !== "draining" && !runs(spec, template))
    .map(({ spec }) => spec.id);
  const back: RefreshState = {
    ...refresh,
    status: "RollbackInProgress",
    instances,
    percent: 0,
    step: 0,
    reason,
    waitsUntilMs: undefined,
  };
  return released({ ...group, definition: { ...group.definition, template } }, back);
}

/** The group with its refresh called off; what is under way is finished. @throws PlatformError `REFRESH_INVALID` (409). */
export function cancelled(group: ServerGroup, reason: string): ServerGroup {
  if (!isActive(group.refresh)) {
    throw new PlatformError("REFRESH_INVALID", `${group.name}: there is no active refresh`, {
      status: 409,
      next: `holdfast groups ${group.name}`,
    });
  }
  return { ...group, rollout: undefined, refresh: { ...group.refresh, status: "Cancelling", reason } };
}

/** The group with its refresh over because something else replaces the instances; unchanged without one under way. */
export function overtaken(group: ServerGroup, reason: string, nowMs: number): ServerGroup {
  return isActive(group.refresh) ? ended(group, group.refresh, "Cancelled", nowMs, reason) : group;
}

function ended(
  group: ServerGroup,
  refresh: RefreshState,
  status: RefreshStatus,
  nowMs: number,
  reason: string,
): ServerGroup {
  return {
    ...group,
    rollout: undefined,
    refresh: { ...refresh, status, reason, endedAtMs: nowMs, waitsUntilMs: undefined },
  };
}
