export interface FlapOptions {
  /** From this many comings and goings on an instance is damped. */
  readonly dampAt: number;
  /** Below this it is shown again. */
  readonly releaseAt: number;
  /** So long until a past coming or going counts half. */
  readonly halfLifeMs: number;
}

/**
 * Route flap damping as BGP does it (RFC 2439), at the scale of instances: one that comes and goes each second is damped
 * after about six times and shown again after some 25 s of peace. Restarts and deployments stay far below.
 */
export const flapDefaults: FlapOptions = { dampAt: 6, releaseAt: 2, halfLifeMs: 15_000 };

/** So many are remembered; the one that has been quiet for longest goes first. */
const rememberedMax = 10_000;

interface Flaps {
  penalty: number;
  atMs: number;
}

/** Counts how often each instance comes and goes, with an exponential memory. Pure. */
export class FlapDamper {
  readonly #options: FlapOptions;
  readonly #flaps = new Map<string, Flaps>();
  readonly #damped = new Set<string>();
  /** Damped ones that had to be forgotten: to be shown again. */
  #forgotten: string[] = [];

  constructor(options: FlapOptions = flapDefaults) {
    this.#options = options;
  }

  get damped(): number {
    return this.#damped.size;
  }

  dampedKeys(): string[] {
    return [...this.#damped];
  }

  /** The instance came or went. True when it is damped from now on (and was not before). */
  flapped(key: string, nowMs: number): boolean {
    const known = this.#flaps.get(key);
    const flaps: Flaps = known ?? { penalty: 0, atMs: nowMs };
    flaps.penalty = this.#penalty(flaps, nowMs) + 1;
    flaps.atMs = nowMs;
    this.#flaps.delete(key);
    this.#flaps.set(key, flaps);
    if (this.#flaps.size > rememberedMax) this.#forgetOldest();
    if (this.#damped.has(key) || flaps.penalty < this.#options.dampAt) return false;
    this.#damped.add(key);
    return true;
  }

  isDamped(key: string): boolean {
    return this.#damped.has(key);
  }

  /** Instances that are to be shown again; call about each second. */
  release(nowMs: number): string[] {
    const released = this.#forgotten;
    this.#forgotten = [];
    for (const [key, flaps] of this.#flaps) {
      const penalty = this.#penalty(flaps, nowMs);
      if (penalty < this.#options.releaseAt && this.#damped.delete(key)) released.push(key);
      if (penalty < 0.1) this.#flaps.delete(key);
    }
    return released;
  }

  /** Undamps at once: the instance is needed. */
  pardon(key: string): void {
    this.#damped.delete(key);
    this.#flaps.delete(key);
  }

  explain(key: string, nowMs: number): { readonly flaps: number; readonly untilMs: number } | null {
    const flaps = this.#flaps.get(key);
    if (flaps === undefined || !this.#damped.has(key)) return null;
    const penalty = this.#penalty(flaps, nowMs);
    const untilMs = this.#options.halfLifeMs * Math.log2(penalty / this.#options.releaseAt);
    return { flaps: Math.round(penalty * 10) / 10, untilMs: Math.max(0, Math.round(untilMs)) };
  }

  #penalty(flaps: Flaps, nowMs: number): number {
    return flaps.penalty * 0.5 ** ((nowMs - flaps.atMs) / this.#options.halfLifeMs);
  }

  #forgetOldest(): void {
    for (const key of this.#flaps.keys()) {
      if (this.#damped.has(key)) this.#forgotten.push(key);
      this.pardon(key);
      return;
    }
  }
}
