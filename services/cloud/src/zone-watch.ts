import type { Zone } from "@holdfast/kernel";
import type { PlanZone } from "./plan/action.ts";

/** Ten seconds: an agent that is restarted answers again in one or two; instances run on without it meanwhile. */
export const zoneLostAfterMs = 10_000;

/** What the instances of a zone whose agent is silent say, seen from elsewhere. */
export type Witness =
  /** At least one takes connections: the zone serves. */
  | "serving"
  /** All refuse them: the machine is there, and none of the processes. */
  | "refusing"
  /** None takes any, and not all refuse. */
  | "mute";

interface Silence {
  readonly sinceMs: number;
  /** Its agent's process is known not to run. */
  isAgentGone: boolean;
  witness: Witness | undefined;
  /** Since when no witness has said that somebody serves there. */
  deadSinceMs: number | undefined;
}

/**
 * How long a zone must have been dead before the others take over, by what is known of it. With the agent's process gone and
 * nobody there taking connections, nothing is left that could serve: a second is what its supervisor needs to start it again,
 * which would replace what died where it stood. What is silent and not known to be gone gets three; silence without a
 * witness, or beside somebody who serves, ten.
 */
const deadAfterMs = { gone: 1_000, doubtful: 3_000 } as const;

/** Remembers which zones' agents answer, and since when the others have not. Times are monotonic. */
export class ZoneWatch {
  readonly #silences = new Map<string, Silence>();
  readonly #lostAfterMs: number;
  readonly #neverListed: Set<string>;
  readonly zones: readonly Zone[];

  /** Every zone counts as silent until its agent has answered for the first time. */
  constructor(zones: readonly Zone[], nowMs: number, lostAfterMs: number = zoneLostAfterMs) {
    this.zones = zones;
    this.#lostAfterMs = lostAfterMs;
    this.#neverListed = new Set(zones.map((zone) => zone.name));
    for (const zone of zones) this.silent(zone.name, nowMs);
  }

  /** An agent answered. */
  answered(zone: string): void {
    this.#silences.delete(zone);
  }

  /** An agent answered with all its instances. */
  listed(zone: string): void {
    this.answered(zone);
    this.#neverListed.delete(zone);
  }

  /** Every agent has told of all its instances at least once: whoever is not known now does not run. */
  get allListed(): boolean {
    return this.#neverListed.size === 0;
  }

  /** An agent did not answer; `isAgentGone` when nobody listens where it would. */
  silent(zone: string, nowMs: number, isAgentGone = false): void {
    const silence = this.#silences.get(zone);
    if (silence !== undefined) silence.isAgentGone = isAgentGone;
    else this.#silences.set(zone, { sinceMs: nowMs, isAgentGone, witness: undefined, deadSinceMs: undefined });
  }

  /** What was seen of the instances of a silent zone, looked at from `nowMs` on. */
  witnessed(zone: string, witness: Witness, nowMs: number): void {
    const silence = this.#silences.get(zone);
    if (silence === undefined) return;
    silence.witness = witness;
    if (witness === "serving") silence.deadSinceMs = undefined;
    else silence.deadSinceMs ??= nowMs;
  }

  /** Zones that are silent, have been listed before, and are not lost yet: those whose witnesses are worth asking. */
  inDoubt(nowMs: number): string[] {
    return this.states(nowMs).flatMap(({ name, state }) =>
      state === "unknown" && !this.#neverListed.has(name) ? [name] : [],
    );
  }

  isReachable(zone: string): boolean {
    return !this.#silences.has(zone);
  }

  get allReachable(): boolean {
    return this.#silences.size === 0;
  }

  /** How long the agent that fell silent last has been so; `undefined` when all answer. */
  silentForMs(nowMs: number): number | undefined {
    if (this.allReachable) return undefined;
    return nowMs - Math.max(...Array.from(this.#silences.values(), ({ sinceMs }) => sinceMs));
  }

  /** The zone by name; `undefined` for one this stack does not have. */
  zone(name: string): Zone | undefined {
    return this.zones.find((zone) => zone.name === name);
  }

  states(nowMs: number): PlanZone[] {
    return this.zones.map(({ name }) => {
      const silence = this.#silences.get(name);
      if (silence === undefined) return { name, state: "reachable" };
      return { name, state: this.#isLost(silence, nowMs) ? "lost" : "unknown" };
    });
  }

  #isLost({ sinceMs, isAgentGone, witness, deadSinceMs }: Silence, nowMs: number): boolean {
    if (nowMs - sinceMs >= this.#lostAfterMs) return true;
    // Whoever hears nobody at all is cut off himself.
    if (deadSinceMs === undefined || this.#silences.size === this.zones.length) return false;
    const afterMs = isAgentGone && witness === "refusing" ? deadAfterMs.gone : deadAfterMs.doubtful;
    return nowMs - Math.max(sinceMs, deadSinceMs) >= Math.min(afterMs, this.#lostAfterMs);
  }
}
