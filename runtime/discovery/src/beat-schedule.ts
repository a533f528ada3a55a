import { backoffMs, type Random } from "@holdfast/kernel";

/** Until a registry has us nobody can call us: soon again at first, and never more than about once a second. */
const unknownBackoff = { initialMs: 200, maxMs: 1_000, factor: 1.5 };
/** Callers keep what they knew of us; all instances that lose their registries together must not come back together. */
const lostInitialMs = 1_000;

/**
 * When an instance speaks to its registry next. Those that start together, or lose their registries together, are spread
 * out: the first beat comes after a third to all of a heartbeat, later ones after 0.9 to 1.1 of it; tries come after 0.5 to
 * 1.5 of a delay, which grows from 200 ms to 1 s for one that no registry has had yet, and from 1 s to one heartbeat for
 * one that was there before: so that a return of everybody costs the registries little more than everybody's heartbeats.
 * Pure.
 */
export class BeatSchedule {
  readonly #random: Random;
  #failures = 0;
  /** A registry has had us once. */
  #wasKnown = false;
  #isFirst = true;

  constructor(random: Random) {
    this.#random = random;
  }

  /** ms until the next try, when the last one went well or not; `heartbeatMs` of the registry that answered last. */
  nextMs(isRegistered: boolean, heartbeatMs: number): number {
    const chance = this.#random.next();
    if (isRegistered) {
      this.#failures = 0;
      this.#wasKnown = true;
      const share = this.#isFirst ? 1 / 3 + (2 / 3) * chance : 0.9 + 0.2 * chance;
      this.#isFirst = false;
      return heartbeatMs * share;
    }
    this.#failures += 1;
    const lostBackoff = { initialMs: Math.min(lostInitialMs, heartbeatMs), maxMs: heartbeatMs, factor: 1.5 };
    return backoffMs(this.#failures, this.#wasKnown ? lostBackoff : unknownBackoff) * (0.5 + chance);
  }
}
