import type { Clock } from "@holdfast/kernel";
import type { CallLimiter, CallPermit } from "../command-definition.ts";
import type { Limit } from "./limit.ts";
import { bypassPermit, type Outcome, type Partition, Permit, type PermitOwner } from "./permit.ts";

/** Calls since the start, by what became of them. */
export interface LimiterCounts {
  readonly success: number;
  readonly dropped: number;
  readonly ignored: number;
  readonly rejected: number;
  readonly bypassed: number;
}

/** What lets calls in up to a limit that it learns, and can be asked and waited for. `C`: what it is told of a call. */
export interface Limiter<C = unknown> extends CallLimiter {
  /** A place, or `undefined` at once: the call is one too many. */
  acquire(context?: C): CallPermit | undefined;
  /** Would {@link Limiter.acquire} give a place now? Counts nothing. */
  hasRoom(context?: C): boolean;
  /** Calls under way, those that bypass not counted. */
  readonly inFlight: number;
  readonly limit: number;
  readonly counts: LimiterCounts;
  /** Tells `listener` when a place has become free or the limit has risen. */
  onRoom(listener: () => void): void;
}

export interface LimiterOptions<C> {
  /** Calls that are never limited nor learnt from. Default: none. */
  readonly bypass?: (context: C | undefined) => boolean;
}

/** The common part of limiters: permits, counters, and telling the limit what became of each call. */
export abstract class CountingLimiter<C> implements Limiter<C>, PermitOwner {
  readonly #clock: Clock;
  readonly #limit: Limit;
  readonly #bypass: ((context: C | undefined) => boolean) | undefined;
  readonly #counts = { success: 0, dropped: 0, ignored: 0, rejected: 0, bypassed: 0 };
  readonly #roomListeners: (() => void)[] = [];
  #inFlight = 0;
  #lastLimit: number;

  constructor(clock: Clock, limit: Limit, options: LimiterOptions<C> = {}) {
    this.#clock = clock;
    this.#limit = limit;
    this.#bypass = options.bypass;
    this.#lastLimit = limit.limit;
    limit.onChange((to) => {
      const grew = to > this.#lastLimit;
      this.#lastLimit = to;
      this.limitChanged(to);
      if (grew) this.#tellRoom();
    });
  }

  abstract acquire(context?: C): CallPermit | undefined;

  abstract hasRoom(context?: C): boolean;

  get inFlight(): number {
    return this.#inFlight;
  }

  get limit(): number {
    return this.#limit.limit;
  }

  get counts(): LimiterCounts {
    return { ...this.#counts };
  }

  onRoom(listener: () => void): void {
    this.#roomListeners.push(listener);
  }

  settled(permit: Permit, outcome: Outcome): void {
    this.#inFlight -= 1;
    this.#counts[outcome] += 1;
    if (permit.partition !== undefined) permit.partition.inFlight -= 1;
    if (outcome !== "ignored") {
      const rttMs = this.#clock.monotonicMs() - permit.startMs;
      this.#limit.onSample(permit.startMs, rttMs, permit.inFlight, outcome === "dropped");
    }
    this.#tellRoom();
  }

  protected bypasses(context: C | undefined): boolean {
    return this.#bypass?.(context) ?? false;
  }

  protected bypassed(): CallPermit {
    this.#counts.bypassed += 1;
    return bypassPermit;
  }

  protected take(partition: Partition | undefined): CallPermit {
    this.#inFlight += 1;
    if (partition !== undefined) partition.inFlight += 1;
    return new Permit(this, this.#clock.monotonicMs(), this.#inFlight, partition);
  }

  protected rejected(): undefined {
    this.#counts.rejected += 1;
    return undefined;
  }

  protected limitChanged(_to: number): void {}

  #tellRoom(): void {
    for (const listener of this.#roomListeners) listener();
  }
}
