import type { Clock, InstanceId } from "@holdfast/kernel";
import type { ServerGroup } from "../group.ts";
import type { HealthCheckType } from "../group-settings.ts";

/** A checker's word counts against an instance after so many bad ones in a row, and no longer after so many good ones. */
export const hysteresis = { badInARow: 3, goodInARow: 2 } as const;
/** A checker that has not spoken for so long has nothing to say. */
const staleAfterMs = 60_000;

interface Verdict {
  bad: number;
  good: number;
  isSick: boolean;
  reason: string;
  saidAtMs: number;
}

/**
 * What checkers other than the engine say of instances: the registries, an HTTP check, the balancer, an operator. One that
 * flaps is not believed in either direction: it takes three bad words in a row to make an instance sick, two good ones to
 * make it well.
 */
export class HealthBook {
  readonly #clock: Clock;
  readonly #said = new Map<InstanceId, Map<HealthCheckType | "operator", Verdict>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A checker's word. True when it changed what is believed. */
  report(id: InstanceId, checker: HealthCheckType, healthy: boolean, reason: string): boolean {
    const verdict = this.#verdict(id, checker);
    const before = verdict.isSick;
    verdict.saidAtMs = this.#clock.monotonicMs();
    verdict.bad = healthy ? 0 : verdict.bad + 1;
    verdict.good = healthy ? verdict.good + 1 : 0;
    if (!healthy) verdict.reason = reason;
    if (verdict.bad >= hysteresis.badInARow) verdict.isSick = true;
    if (verdict.good >= hysteresis.goodInARow) verdict.isSick = false;
    return verdict.isSick !== before;
  }

  /** An operator's word counts at once and until taken back. */
  declare(id: InstanceId, healthy: boolean, reason: string): void {
    const verdict = this.#verdict(id, "operator");
    verdict.isSick = !healthy;
    verdict.reason = reason;
    verdict.saidAtMs = Number.POSITIVE_INFINITY;
  }

  /** Why an instance is unhealthy by those whose word counts in its group; `undefined` when it is not. */
  sickness(group: ServerGroup | undefined, id: InstanceId): string | undefined {
    const said = this.#said.get(id);
    if (said === undefined || group === undefined) return undefined;
    for (const [checker, verdict] of said) {
      if (!verdict.isSick || this.#clock.monotonicMs() - verdict.saidAtMs > staleAfterMs) continue;
      if (checker === "operator" || group.settings.healthChecks.includes(checker))
        return `${checker}: ${verdict.reason}`;
    }
    return undefined;
  }

  forget(isGone: (id: InstanceId) => boolean): void {
    for (const id of this.#said.keys()) if (isGone(id)) this.#said.delete(id);
  }

  #verdict(id: InstanceId, checker: HealthCheckType | "operator"): Verdict {
    const said = this.#said.get(id) ?? new Map<HealthCheckType | "operator", Verdict>();
    this.#said.set(id, said);
    const verdict = said.get(checker) ?? { bad: 0, good: 0, isSick: false, reason: "", saidAtMs: 0 };
    said.set(checker, verdict);
    return verdict;
  }
}
