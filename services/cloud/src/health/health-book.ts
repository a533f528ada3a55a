import type { Clock, InstanceId } from "@holdfast/kernel";
import type { ServerGroup } from "../group.ts";
import type { HealthCheckType } from "../group-settings.ts";

/** A checker's word counts against an instance after so many bad ones in a row, and no longer after so many good ones. */
export const hysteresis: Hysteresis = { badInARow: 3, goodInARow: 2 };

export interface Hysteresis {
  readonly badInARow: number;
  readonly goodInARow: number;
}

/** A checker that has not spoken for so long has nothing to say; one that asks rarely has three of its intervals. */
const staleAfterMs = 60_000;

/** One word of a checker on one instance. */
export interface HealthWord {
  readonly id: InstanceId;
  readonly checker: HealthCheckType;
  readonly healthy: boolean;
  /** One sentence. */
  readonly reason: string;
  /** What was asked, such as `GET /health`: another question is another check. Default: there is only one. */
  readonly question?: string;
  /** Default {@link hysteresis}. */
  readonly thresholds?: Hysteresis;
  /** How long it is believed without being said again, in ms. Default 60 s. */
  readonly believedForMs?: number;
}

/** What one checker makes of one instance, for people. */
export interface HealthVerdict {
  readonly checker: HealthCheckType | "operator";
  readonly healthy: boolean;
  /** Its last word. */
  readonly reason: string;
  /** False while nothing follows from it; {@link note} says why. */
  readonly counts: boolean;
  /** Why it does not count, or how far it is from counting; empty else. */
  readonly note: string;
}

interface Verdict {
  bad: number;
  good: number;
  isSick: boolean;
  /** It was found well at some time. */
  isProven: boolean;
  /** Of the last bad word. */
  reason: string;
  last: string;
  thresholds: Hysteresis;
  /** The check, by which it is known whether anybody has ever passed it. */
  check: string;
  untilMs: number;
}

/**
 * What checkers other than the engine say of instances: the registries, an HTTP check, the balancer, an operator. One that
 * flaps is not believed in either direction: it takes several bad words in a row to make an instance sick, several good
 * ones to make it well. A check that no instance of a cluster has ever passed counts for nothing there: a wrong path or
 * matcher is likelier than a program that serves and is all sick.
 */
export class HealthBook {
  readonly #clock: Clock;
  readonly #said = new Map<InstanceId, Map<HealthCheckType | "operator", Verdict>>();
  /** Cluster, checker and question: somebody has passed it. */
  readonly #passed = new Set<string>();

  /** Cluster and checker: it has said something of somebody there. */
  readonly #speaking = new Set<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A checker's word on an instance of a cluster. True when it changed what is believed. */
  report(cluster: string, { id, checker, healthy, reason, ...word }: HealthWord): boolean {
    this.#speaking.add(`${cluster} ${checker}`);
    const verdict = this.#verdict(id, checker);
    const before = verdict.isSick;
    verdict.thresholds = word.thresholds ?? hysteresis;
    verdict.untilMs = this.#clock.monotonicMs() + Math.max(staleAfterMs, word.believedForMs ?? 0);
    verdict.bad = healthy ? 0 : verdict.bad + 1;
    verdict.good = healthy ? verdict.good + 1 : 0;
    verdict.last = reason;
    if (!healthy) verdict.reason = reason;
    if (verdict.bad >= verdict.thresholds.badInARow) verdict.isSick = true;
    if (verdict.good >= verdict.thresholds.goodInARow) {
      verdict.isSick = false;
      verdict.isProven = true;
    }
    verdict.check = `${cluster} ${checker} ${word.question ?? ""}`;
    const isFirst = healthy && !this.#passed.has(verdict.check);
    if (isFirst) this.#passed.add(verdict.check);
    return verdict.isSick !== before || isFirst;
  }

  /** An operator's word counts at once and until taken back. */
  declare(id: InstanceId, healthy: boolean, reason: string): void {
    const verdict = this.#verdict(id, "operator");
    verdict.isSick = !healthy;
    verdict.reason = reason;
    verdict.last = reason;
    verdict.untilMs = Number.POSITIVE_INFINITY;
  }

  /** Why an instance is unhealthy by those whose word counts in its group; `undefined` when it is not. */
  sickness(group: ServerGroup | undefined, id: InstanceId): string | undefined {
    const said = this.#said.get(id);
    if (said === undefined || group === undefined) return undefined;
    for (const [checker, verdict] of said) {
      if (verdict.isSick && this.#silence(group, checker, verdict) === "") return `${checker}: ${verdict.reason}`;
    }
    return undefined;
  }

  /** True when everybody who is asked in its group, and has ever spoken there, has found it well at some time. */
  isProven(group: ServerGroup | undefined, id: InstanceId): boolean {
    if (group === undefined) return true;
    const said = this.#said.get(id);
    return group.settings.healthChecks.every((checker) => {
      if (!this.#speaking.has(`${group.cluster} ${checker}`)) return true;
      return said?.get(checker)?.isProven === true;
    });
  }

  /** What everybody says of an instance whose word is asked for in its group. */
  verdicts(group: ServerGroup | undefined, id: InstanceId): HealthVerdict[] {
    const said = this.#said.get(id);
    if (said === undefined || group === undefined) return [];
    const verdicts: HealthVerdict[] = [];
    for (const [checker, verdict] of said) {
      if (checker !== "operator" && !group.settings.healthChecks.includes(checker)) continue;
      const silence = this.#silence(group, checker, verdict);
      const { isSick, last } = verdict;
      const note = silence === "" ? progressOf(verdict) : silence;
      verdicts.push({ checker, healthy: !isSick, reason: last, counts: silence === "", note });
    }
    return verdicts;
  }

  forget(isGone: (id: InstanceId) => boolean): void {
    for (const id of this.#said.keys()) if (isGone(id)) this.#said.delete(id);
  }

  /** Why a verdict counts for nothing; empty when it counts. */
  #silence(group: ServerGroup, checker: HealthCheckType | "operator", verdict: Verdict): string {
    if (checker === "operator") return "";
    if (!group.settings.healthChecks.includes(checker)) return `${group.name} does not ask for it`;
    if (this.#clock.monotonicMs() > verdict.untilMs) return "it has fallen silent";
    if (this.#passed.has(verdict.check)) return "";
    return `no instance of ${group.cluster} has ever passed it: the check itself is suspected`;
  }

  #verdict(id: InstanceId, checker: HealthCheckType | "operator"): Verdict {
    const said = this.#said.get(id) ?? new Map<HealthCheckType | "operator", Verdict>();
    this.#said.set(id, said);
    const verdict = said.get(checker) ?? {
      bad: 0,
      good: 0,
      isSick: false,
      isProven: false,
      reason: "",
      last: "",
      thresholds: hysteresis,
      check: "",
      untilMs: 0,
    };
    said.set(checker, verdict);
    return verdict;
  }
}

/** How far a verdict is from turning. */
function progressOf({ isSick, bad, good, thresholds }: Verdict): string {
  if (!isSick && bad > 0) return `${bad} bad of ${thresholds.badInARow} in a row`;
  return isSick && good > 0 ? `${good} good of ${thresholds.goodInARow} in a row` : "";
}
