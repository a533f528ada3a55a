import type { Zone } from "@holdfast/kernel";
import type { PlanZone } from "./plan/action.ts";

/** Ten seconds: an agent that is restarted answers again in one or two; instances run on without it meanwhile. */
export const zoneLostAfterMs = 10_000;

/** Remembers which zones' agents answer, and since when the others have not. Times are monotonic. */
export class ZoneWatch {
  readonly #silentSinceMs = new Map<string, number>();
  readonly #lostAfterMs: number;
  readonly #neverListed: Set<string>;
  readonly zones: readonly Zone[];

  /** Every zone counts as silent until its agent has answered for the first time. */
  constructor(zones: readonly Zone[], nowMs: number, lostAfterMs: number = zoneLostAfterMs) {
    this.zones = zones;
    this.#lostAfterMs = lostAfterMs;
    this.#neverListed = new Set(zones.map((zone) => zone.name));
    for (const zone of zones) this.#silentSinceMs.set(zone.name, nowMs);
  }

  /** An agent answered. */
  answered(zone: string): void {
    this.#silentSinceMs.delete(zone);
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

  /** An agent did not answer. */
  silent(zone: string, nowMs: number): void {
    if (!this.#silentSinceMs.has(zone)) this.#silentSinceMs.set(zone, nowMs);
  }

  isReachable(zone: string): boolean {
    return !this.#silentSinceMs.has(zone);
  }

  get allReachable(): boolean {
    return this.#silentSinceMs.size === 0;
  }

  /** How long the agent that fell silent last has been so; `undefined` when all answer. */
  silentForMs(nowMs: number): number | undefined {
    if (this.allReachable) return undefined;
    return nowMs - Math.max(...this.#silentSinceMs.values());
  }

  /** The zone by name; `undefined` for one this stack does not have. */
  zone(name: string): Zone | undefined {
    return this.zones.find((zone) => zone.name === name);
  }

  states(nowMs: number): PlanZone[] {
    return this.zones.map(({ name }) => {
      const sinceMs = this.#silentSinceMs.get(name);
      if (sinceMs === undefined) return { name, state: "reachable" };
      return { name, state: nowMs - sinceMs >= this.#lostAfterMs ? "lost" : "unknown" };
    });
  }
}
