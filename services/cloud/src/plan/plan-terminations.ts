import type { InstanceObservation } from "@holdfast/wire";
import { sequenceOf } from "../group.ts";
import { type Action, ageOf, type PlanInput } from "./action.ts";
import { rolloutCause } from "./causes.ts";
import { liveIn, upIn, type ZoneView } from "./classify.ts";
import { healthyFloor } from "./pace.ts";
import { type Candidate, chooseVictim } from "./termination-policy.ts";

/**
 * Ends what a group has too much of. The zone with most gives first; in a zone first what is outdated and idle, then by the
 * group's termination policies. Who serves goes only when, there and in the whole group, enough others do.
 */
export function planTerminations(
  input: PlanInput,
  views: readonly ZoneView[],
  targets: ReadonlyMap<string, number>,
  actions: Action[],
): void {
  const up = views.reduce((sum, view) => sum + upIn(view), 0);
  const surplus: Surplus = { spare: up - input.group.desired, early: up - healthyFloor(input) };
  // While a rollout is paused nobody goes for what it would replace.
  const counts = input.group.rollout?.paused === undefined ? liveIn : (view: ZoneView): number => view.current.length;
  const excessOf = (view: ZoneView): number => counts(view) - (targets.get(view.zone.name) ?? 0);
  for (const view of views.toSorted((a, b) => excessOf(b) - excessOf(a))) {
    if (view.zone.state !== "reachable") continue;
    if (excessOf(view) <= 0 && view.outdated.length === 0) continue;
    planZone(input, view, { target: targets.get(view.zone.name) ?? 0, excess: excessOf(view) }, surplus, actions);
  }
}

/** What may still go: `spare` of all that serve, `early` of the outdated before their successors serve. */
interface Surplus {
  spare: number;
  early: number;
}

function planZone(
  input: PlanInput,
  view: ZoneView,
  { target, excess: tooMany }: { readonly target: number; readonly excess: number },
  surplus: Surplus,
  actions: Action[],
): void {
  const isPaused = input.group.rollout?.paused !== undefined;
  const warmPool = input.group.settings.warmPool;
  let excess = tooMany;
  let zoneSpare = upIn(view) - target;
  for (const { instance, isOld } of inOrder(input, view)) {
    if (isOld && isPaused) continue;
    if (instance.state === "up") {
      const mayGo = excess > 0 && surplus.spare > 0 && zoneSpare > 0;
      const mayGoEarly = isOld && surplus.early > 0 && input.group.rollout?.minHealthyPercent !== undefined;
      if (!mayGo && !mayGoEarly) continue;
      surplus.spare--;
      surplus.early--;
      zoneSpare--;
    } else if (!isOld && (excess <= 0 || view.outdated.length > 0)) {
      // A successor that is still starting is what the rollout waits for; an outdated one nobody waits for.
      continue;
    }
    excess--;
    const cause = isOld ? rolloutCause(input) : strengthCause(input);
    const isReused = warmPool?.reuseOnScaleIn === true && !isOld && input.group.deletingAtMs === undefined;
    actions.push({ kind: isReused ? "pool" : "terminate", id: instance.spec.id, zone: view.zone.name, cause });
  }
}

interface Ordered extends Candidate {
  readonly instance: InstanceObservation;
  readonly isOld: boolean;
}

/** Those that may go, first first: outdated before current, idle before serving, then by the policies. */
function inOrder(input: PlanInput, view: ZoneView): readonly Ordered[] {
  const { group } = input;
  const mayGo = (instance: InstanceObservation): boolean =>
    group.deletingAtMs !== undefined || group.marks[instance.spec.id]?.protected === undefined;
  const ordered = (instances: readonly InstanceObservation[], isOld: boolean, isUp: boolean): Ordered[] => {
    const left = instances
      .filter((instance) => (instance.state === "up") === isUp && mayGo(instance))
      .map((instance) => ({ ...candidateOf(input, instance), instance, isOld }));
    const sorted: Ordered[] = [];
    for (let next = pick(input, left); next !== undefined; next = pick(input, left)) {
      left.splice(left.indexOf(next), 1);
      sorted.push(next);
    }
    return sorted;
  };
  return [
    ...ordered(view.outdated, true, false),
    ...ordered(view.outdated, true, true),
    ...ordered(view.current, false, false),
    ...ordered(view.current, false, true),
  ];
}

function pick<T extends Candidate>({ group }: PlanInput, left: readonly T[]): T | undefined {
  return chooseVictim(group.settings.terminationPolicies, left);
}

function candidateOf(input: PlanInput, instance: InstanceObservation): Candidate {
  const { id, serverGroup } = instance.spec;
  const newest = sequenceOf(input.group.name) ?? 0;
  // Versions wrap at 1,000: what bears a higher number is from before that.
  const versionsBehind = (newest - (sequenceOf(serverGroup) ?? newest) + 1_000) % 1_000;
  return { id, ageMs: ageOf(input, instance), versionsBehind };
}

function strengthCause({ group }: PlanInput): string {
  if (group.deletingAtMs !== undefined) return `${group.name} is being destroyed`;
  return `${group.definition.service} should have ${group.desired}`;
}
