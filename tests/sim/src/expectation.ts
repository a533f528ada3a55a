import type { InstanceStatus } from "@holdfast/wire";
import type { Entry } from "./ledger.ts";
import type { Owner } from "./owner.ts";

/** What every registry should show of an instance when nothing is wrong with the world. */
export type Expectation =
  | { readonly kind: "shown"; readonly owner: Owner }
  | { readonly kind: "gone" }
  /** It is just changing, or depends on what nobody can know. */
  | { readonly kind: "open" }
  /** The instance itself is not where it should be. */
  | { readonly kind: "wrong"; readonly why: string };

const leaseMs = 9_000;
/** A lease, the second in which it is looked at, and what it takes to say so. */
const deadMs = leaseMs + 3_000;
/** An earlier process of an id finds the later one with its next heartbeat; a try that is not answered takes 1.5 s each. */
const claimMs = 9_000;
/** Two looks of 33 s after the other's lease has ended, and some. */
const claimedAgainMs = 130_000;
const tryMs = 6_000;
/** One that stood still says so with its next heartbeat. */
const wakeMs = 4_000;

export function expectationOf(entry: Entry, nowMs: number): Expectation {
  const running = entry.owners.filter((owner) => owner.isRunning);
  const sinceMs = nowMs - Math.max(...entry.owners.map((owner) => owner.changedAtMs));
  const awake = running.filter((owner) => !owner.machine.isStill);
  if (awake.length === 0) return gone(entry, nowMs, sinceMs, running.length > 0);
  const latest = awake.reduce((a, b) => (b.incarnation > a.incarnation ? b : a));
  if (awake.length > 1 && sinceMs < claimMs) return { kind: "open" };
  for (const owner of awake) {
    if (owner === latest) continue;
    const { kind } = owner.registration.state;
    if (kind !== "superseded")
      return {
        kind: "wrong",
        why: `an earlier process still claims it (${kind}): ${awake.map((o) => `${o.machine.name}/${o.incarnation} ${o.registration.state.kind}`).join(", ")}`,
      };
  }
  const { state } = latest.registration;
  // A later start has come and gone: its end must be seen, and two looks later this one claims the id again.
  const isHaunted = entry.owners.some((owner) => owner !== latest && owner.incarnation > latest.incarnation);
  if (isHaunted && sinceMs < claimedAgainMs) return { kind: "open" };
  if (state.kind === "superseded") {
    if (running.length > 1 || sinceMs < claimedAgainMs) return { kind: "open" };
    return { kind: "wrong", why: `it has given its id up for a process that is long gone (${state.incarnation})` };
  }
  if (state.kind !== "registered") {
    return sinceMs < tryMs ? { kind: "open" } : { kind: "wrong", why: "it has tried to register in vain" };
  }
  return nowMs - latest.wokeAtMs < wakeMs ? { kind: "open" } : { kind: "shown", owner: latest };
}

function gone(entry: Entry, nowMs: number, sinceMs: number, isFrozen: boolean): Expectation {
  const lastMs = nowMs - entry.takenAtMs;
  // What was said on the way down may still arrive.
  if (entry.removedAtMs !== undefined && !isFrozen)
    return sinceMs > 1_500 && lastMs > 1_500 ? { kind: "gone" } : { kind: "open" };
  return sinceMs > deadMs && lastMs > deadMs ? { kind: "gone" } : { kind: "open" };
}

const willingness: readonly InstanceStatus[] = ["DOWN", "STARTING", "UNKNOWN", "OUT_OF_SERVICE", "UP"];

/** What callers are to see: the registry's rule, said once more by somebody else. */
export function shownStatus(
  own: InstanceStatus,
  override: InstanceStatus | undefined,
  kind: "native" | "eureka",
): InstanceStatus {
  if (own !== "UP" && own !== "OUT_OF_SERVICE") return own;
  if (override === undefined) return own;
  if (kind === "eureka") return override;
  return willingness.indexOf(override) < willingness.indexOf(own) ? override : own;
}
