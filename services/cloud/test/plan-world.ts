import assert from "node:assert/strict";
import { type InstanceId, makeZones } from "@holdfast/kernel";
import type { InstanceObservation, InstanceState } from "@holdfast/wire";
import { type InstanceMark, newGroup, type ServerGroup } from "../src/group.ts";
import type { GroupSettings } from "../src/group-settings.ts";
import type { Action, PlanInput } from "../src/plan/action.ts";
import { planGroup } from "../src/plan/plan.ts";
import { definition } from "./world.ts";

export const zones = makeZones(1, 3);
export const nowMs = 1_000_000_000;

export interface GroupWords {
  readonly desired: number;
  readonly min?: number;
  readonly max?: number;
  readonly settings?: Partial<GroupSettings>;
  readonly marks?: Readonly<Record<string, InstanceMark>>;
  readonly more?: Partial<ServerGroup>;
}

export function groupOf({ desired, min = 0, max = 9, settings, marks, more }: GroupWords): ServerGroup {
  const group = newGroup({
    definition: definition("catalog", desired, { min, max }),
    name: "movies-catalog-v001",
    desired,
    marks: marks ?? {},
    ...more,
  });
  return { ...group, settings: { ...group.settings, ...settings } };
}

export interface InstanceWords {
  readonly state?: InstanceState;
  readonly version?: string;
  readonly ageMs?: number;
  readonly upForMs?: number;
}

/** An instance by its id, whose first letter is its zone: `a1` stands in zone a. */
export function instance(id: string, words: InstanceWords = {}): InstanceObservation {
  const zone = zones.find((candidate) => candidate.name === `local-1${id.charAt(0)}`);
  assert.ok(zone);
  const { template, ...rest } = definition("catalog", 3);
  const { state = "up", version = "v001", ageMs = 60_000 } = words;
  return {
    spec: {
      ...rest,
      ...template,
      id: id as InstanceId,
      cluster: "movies-catalog",
      serverGroup: `movies-catalog-${version}`,
      zone,
      address: "127.1.1.10",
      port: 10_000,
      adminPort: 20_000,
    },
    state,
    reason: state === "unhealthy" ? "no answer within 1000 ms" : "",
    reasonCode: "",
    pid: 1,
    startedAtMs: nowMs - ageMs,
    sinceMs: nowMs,
    healthyAtMs: state === "starting" ? undefined : nowMs - (words.upForMs ?? ageMs),
    exit: undefined,
    logFile: "",
    registeredByEngine: false,
  };
}

export function actionsOf(
  group: ServerGroup,
  instances: InstanceObservation[],
  more: Partial<PlanInput> = {},
): Action[] {
  return planGroup({
    group,
    instances,
    zones: zones.map(({ name }) => ({ name, state: "reachable" })),
    nowMs,
    delays: new Map(),
    lost: [],
    leaving: new Set(),
    ...more,
  });
}

/** A plan in few words, sorted: `launch a`, `terminate b2`. Waits are left out. */
export function planOf(group: ServerGroup, instances: InstanceObservation[], more: Partial<PlanInput> = {}): string[] {
  return actionsOf(group, instances, more)
    .filter((action) => action.kind !== "wait")
    .map((action) => `${action.kind} ${"id" in action ? action.id : action.zone.at(-1)}`)
    .toSorted();
}

/** Why the plan waits. */
export function waitsOf(group: ServerGroup, instances: InstanceObservation[], more: Partial<PlanInput> = {}): string[] {
  return actionsOf(group, instances, more).flatMap((action) => (action.kind === "wait" ? [action.reason] : []));
}
