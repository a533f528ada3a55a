import { type Random, SeededRandom } from "@holdfast/kernel";
import type { CallLimiter, CallPermit } from "@holdfast/resilience";
import { SimClock } from "./sim-clock.ts";

export interface SimOptions {
  /** Requests the server works on at once; more wait, without bound. */
  readonly workers: number;
  /** Mean of the work one request makes, in ms. */
  readonly serviceMs: number;
  /** How service times differ; of mean 1. */
  readonly shape: Shape;
  /** Clients go away after so long; the server does not notice and works on. */
  readonly clientTimeoutMs: number;
  /** How often a client asks again after a timeout or a refusal. */
  readonly retries: number;
  /** Before it asks again, on average, in ms. */
  readonly backoffMs: number;
  readonly seed: number;
}

/** A share of the mean, by chance. */
export type Shape = (random: Random) => number;

/** Within 1 ± `spread`, all alike. */
export const evenly =
  (spread: number): Shape =>
  (random) =>
    1 + spread * (2 * random.next() - 1);

/** As times between chance events: most are short, some are long. */
export const exponentially: Shape = (random) => -Math.log(1 - random.next());

/** Nine in ten take a tenth of what the others take. */
export const twoKinds: Shape = (random) => (random.next() < 0.9 ? 1 : 10) / 1.9;

export const simDefaults: SimOptions = {
  workers: 20,
  serviceMs: 10,
  shape: evenly(0.3),
  clientTimeoutMs: 250,
  retries: 0,
  backoffMs: 50,
  seed: 1,
};

/** A stretch of time with one load, as a multiple of what the server can do. */
export interface Phase {
  readonly load: number;
  readonly seconds: number;
  /** All work takes so many times as long. Default 1. */
  readonly slowness?: number;
}

/** What one second was like for the clients. */
export interface Second {
  offered: number;
  refused: number;
  timedOut: number;
  /** How long the answers took that came in time, in ms. */
  readonly goodMs: number[];
  /** The limit at its end. */
  limit: number;
}

interface Request {
  readonly atMs: number;
  readonly attempt: number;
  readonly permit: CallPermit | undefined;
  over: boolean;
}

export type LimiterOf = (clock: SimClock, random: SeededRandom) => CallLimiter & { readonly limit: number };

/** A server with a queue, and clients who come at random times, go away and come again: open loop, all on one clock. */
export class SimulatedServer {
  readonly seconds: Second[] = [];
  readonly #clock = new SimClock();
  readonly #options: SimOptions;
  readonly #random: SeededRandom;
  readonly #limiter: (CallLimiter & { readonly limit: number }) | undefined;
  readonly #queue: Request[] = [];
  #queueAt = 0;
  #busy = 0;
  #slowness = 1;

  /** `limiterOf` undefined: a server that lets everybody in, as Node's does. */
  constructor(limiterOf: LimiterOf | undefined, options: Partial<SimOptions> = {}) {
    this.#options = { ...simDefaults, ...options };
    this.#random = new SeededRandom(this.#options.seed);
    this.#limiter = limiterOf?.(this.#clock, new SeededRandom(this.#options.seed + 1));
  }

  /** Requests a second the server can do. */
  get capacity(): number {
    return (this.#options.workers * 1_000) / this.#options.serviceMs;
  }

  run(...phases: readonly Phase[]): readonly Second[] {
    for (const { load, seconds, slowness = 1 } of phases) {
      this.#slowness = slowness;
      const endMs = this.#clock.monotonicMs() + seconds * 1_000;
      this.#arriveUntil(endMs, this.capacity * load);
      for (let atMs = this.#clock.monotonicMs() + 1_000; atMs <= endMs; atMs += 1_000) {
        this.#second.limit = 0;
        this.#clock.runUntil(atMs - 1e-6);
        this.#second.limit = this.#limiter?.limit ?? Number.POSITIVE_INFINITY;
        this.#clock.runUntil(atMs);
      }
    }
    return this.seconds;
  }

  get #second(): Second {
    const index = Math.floor(this.#clock.monotonicMs() / 1_000);
    const known = this.seconds[index];
    if (known !== undefined) return known;
    const made = { offered: 0, refused: 0, timedOut: 0, goodMs: [], limit: 0 };
    this.seconds[index] = made;
    return made;
  }

  #arriveUntil(endMs: number, perSecond: number): void {
    const gapMs = (-Math.log(1 - this.#random.next()) * 1_000) / perSecond;
    if (this.#clock.monotonicMs() + gapMs >= endMs) return;
    this.#clock.after(gapMs, () => {
      this.#arriveUntil(endMs, perSecond);
      this.#ask(0);
    });
  }

  #ask(attempt: number): void {
    this.#second.offered += 1;
    const limiter = this.#limiter;
    const permit = limiter?.acquire();
    if (limiter !== undefined && permit === undefined) {
      this.#second.refused += 1;
      return this.#askAgain(attempt);
    }
    const request: Request = { atMs: this.#clock.monotonicMs(), attempt, permit, over: false };
    this.#clock.after(this.#options.clientTimeoutMs, () => this.#timeOut(request));
    if (this.#busy < this.#options.workers) this.#work(request);
    else this.#queue.push(request);
  }

  #askAgain(attempt: number): void {
    if (attempt >= this.#options.retries) return;
    this.#clock.after(this.#options.backoffMs * 2 * this.#random.next(), () => this.#ask(attempt + 1));
  }

  #timeOut(request: Request): void {
    if (request.over) return;
    request.over = true;
    this.#second.timedOut += 1;
    this.#askAgain(request.attempt);
  }

  #work(request: Request): void {
    this.#busy += 1;
    const { serviceMs, shape } = this.#options;
    this.#clock.after(serviceMs * this.#slowness * shape(this.#random), () => this.#done(request));
  }

  #done(request: Request): void {
    this.#busy -= 1;
    if (!request.over) {
      request.over = true;
      this.#second.goodMs.push(this.#clock.monotonicMs() - request.atMs);
    }
    request.permit?.success();
    const next = this.#queue[this.#queueAt];
    if (next === undefined) return;
    this.#queueAt += 1;
    if (this.#queueAt === this.#queue.length) {
      this.#queue.length = 0;
      this.#queueAt = 0;
    }
    this.#work(next);
  }
}

/** Answers in time, a second. */
export function goodput(seconds: readonly Second[]): number {
  return seconds.reduce((sum, second) => sum + second.goodMs.length, 0) / seconds.length;
}

/** The time that so great a share of the answers in time took at most, in ms. */
export function percentileMs(seconds: readonly Second[], share: number): number {
  const all = seconds.flatMap((second) => second.goodMs).toSorted((a, b) => a - b);
  return all[Math.min(all.length - 1, Math.floor(all.length * share))] ?? Number.POSITIVE_INFINITY;
}
