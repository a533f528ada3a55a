import type { Meter } from "../meters/meter.ts";
import type { Tags } from "../meters/tags.ts";

/**
 * One meter under its name and tags. A meter that is not used for a while is let go: the registry holds it weakly from then
 * on, so it stays as it is for those who kept it, counts again as soon as they use it, and vanishes when nobody has it.
 */
export class Series {
  readonly name: string;
  readonly tags: Tags;
  /** `undefined` while it is let go. */
  meter: Meter | undefined;
  #weak: WeakRef<Meter> | undefined;
  #usesSeen: number;
  #usedAtMs: number | undefined;

  constructor(name: string, tags: Tags, meter: Meter) {
    this.name = name;
    this.tags = tags;
    this.meter = meter;
    // A meter that was made is a meter in use: its life begins when it is looked at first.
    this.#usesSeen = meter.uses;
  }

  /** The meter, kept or let go; `undefined` when it is gone. */
  get alive(): Meter | undefined {
    return this.meter ?? this.#weak?.deref();
  }

  /** Keeps the meter again, or `fresh` in its place if it is gone. */
  keep(fresh: () => Meter): Meter {
    const meter = this.alive ?? fresh();
    this.meter = meter;
    this.#weak = undefined;
    this.#usesSeen = meter.uses;
    this.#usedAtMs = undefined;
    return meter;
  }

  /** Lets go what was not used for `ttlMs`; false when the meter is gone and so should be the series. */
  look(nowMs: number, ttlMs: number): boolean {
    const meter = this.alive;
    if (meter === undefined) return false;
    if (meter.uses !== this.#usesSeen || this.#usedAtMs === undefined) {
      this.#usesSeen = meter.uses;
      this.#usedAtMs = nowMs;
      this.meter = meter;
      this.#weak = undefined;
    } else if (this.meter !== undefined && nowMs - this.#usedAtMs > ttlMs) {
      this.#weak = new WeakRef(meter);
      this.meter = undefined;
    }
    return true;
  }
}
