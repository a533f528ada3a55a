import { At } from "./events.ts";
import type { RollingCounts } from "./rolling-counts.ts";

export interface BreakerOptions {
  readonly enabled: boolean;
  /** Calls in the window before the shares count. */
  readonly requestVolumeThreshold: number;
  /** Share of failed calls, 0 to 100, at which the circuit opens. */
  readonly errorThresholdPercentage: number;
  /** How long an open circuit refuses calls before it lets trial calls through, in ms. */
  readonly sleepWindowMs: number;
  readonly forceOpen: boolean;
  readonly forceClosed: boolean;
  /** Share of slow calls, 0 to 100, at which the circuit opens; 100: never. */
  readonly slowCallThresholdPercentage: number;
  /** Trial calls let through while half-open; the circuit closes when enough of them succeed. Hystrix: 1. */
  readonly trialCalls: number;
  /** Share of successful trials, 0 to 100, that closes the circuit. */
  readonly trialSuccessPercentage: number;
  /** The window is judged so often, in ms. */
  readonly healthIntervalMs: number;
}

/** `HystrixCommandProperties`; slow calls and several trials are ours, and off. */
export const breakerDefaults: BreakerOptions = {
  enabled: true,
  requestVolumeThreshold: 20,
  errorThresholdPercentage: 50,
  sleepWindowMs: 5_000,
  forceOpen: false,
  forceClosed: false,
  slowCallThresholdPercentage: 100,
  trialCalls: 1,
  trialSuccessPercentage: 100,
  healthIntervalMs: 500,
};

export type BreakerState =
  | { readonly kind: "closed" }
  | { readonly kind: "open"; readonly sinceMs: number; readonly trialAtMs: number }
  | { readonly kind: "half-open"; readonly left: number; readonly succeeded: number; readonly failed: number };

/** Why a circuit changed its state, with the numbers of that moment. */
export interface Transition {
  readonly atMs: number;
  readonly to: BreakerState["kind"];
  /** One sentence. */
  readonly why: string;
  readonly requests: number;
  readonly errors: number;
  readonly errorPercentage: number;
  readonly slow: number;
}

export interface Health {
  readonly requests: number;
  readonly errors: number;
  /** Whole per cent, rounded down, as Hystrix has it. */
  readonly errorPercentage: number;
  readonly slow: number;
  readonly slowPercentage: number;
}

const historyMax = 20;

/**
 * Hystrix's circuit (`HystrixCircuitBreakerImpl`): opens when, in the rolling window, enough calls were made and too many
 * of them failed, timed out or were rejected; after the sleep window lets trial calls through; closes when they succeed, and
 * then forgets the window. Calls that were refused by the open circuit and bad requests do not count.
 */
export class CircuitBreaker {
  #options: BreakerOptions;
  readonly #counts: RollingCounts;
  readonly #history: Transition[] = [];
  #kind: BreakerState["kind"] = "closed";
  #sinceMs = 0;
  #trialAtMs = 0;
  #trialsLeft = 0;
  #trialsSucceeded = 0;
  #trialsFailed = 0;
  #judgeAtMs = Number.NEGATIVE_INFINITY;

  constructor(counts: RollingCounts, options: BreakerOptions) {
    this.#counts = counts;
    this.#options = options;
  }

  /** Live: counts from the next call on. */
  set options(options: BreakerOptions) {
    this.#options = options;
  }

  get state(): BreakerState {
    switch (this.#kind) {
      case "closed":
        return { kind: "closed" };
      case "open":
        return { kind: "open", sinceMs: this.#sinceMs, trialAtMs: this.#trialAtMs };
      case "half-open":
        return {
          kind: "half-open",
          left: this.#trialsLeft,
          succeeded: this.#trialsSucceeded,
          failed: this.#trialsFailed,
        };
    }
  }

  /** Latest last; at most 20. */
  get history(): readonly Transition[] {
    return this.#history;
  }

  /** What the next call would find; changes nothing. */
  isOpen(): boolean {
    if (this.#options.forceOpen) return true;
    return !this.#options.forceClosed && this.#options.enabled && this.#kind !== "closed";
  }

  /** May this call be made? A trial call must be answered by {@link succeeded}, {@link failed} or {@link abandoned}. */
  allow(nowMs: number): boolean {
    if (this.#kind === "closed" && !this.#options.forceOpen) return true;
    return this.#allowSlowly(nowMs);
  }

  /** A call that was allowed has succeeded. */
  succeeded(nowMs: number): void {
    if (this.#kind === "half-open") this.#trialEnded(true, nowMs);
    else if (nowMs >= this.#judgeAtMs) this.#judge(nowMs);
  }

  /** A call that was allowed has failed, timed out or was rejected. */
  failed(nowMs: number): void {
    if (this.#kind === "half-open") this.#trialEnded(false, nowMs);
    else if (nowMs >= this.#judgeAtMs) this.#judge(nowMs);
  }

  /** A call that was allowed ended without a verdict on the callee: a bad request, or it was cancelled. */
  abandoned(): void {
    if (this.#kind === "half-open") this.#trialsLeft += 1;
  }

  /** The callee asks to be left alone for so long (`Retry-After`): open now, trial then. */
  openFor(ms: number, nowMs: number, why: string): void {
    if (!this.#options.enabled || this.#options.forceClosed) return;
    if (this.#kind === "open" && this.#trialAtMs >= nowMs + ms) return;
    this.#turn("open", nowMs, why);
    this.#trialAtMs = nowMs + ms;
  }

  health(nowMs: number): Health {
    const sum = (event: number): number => this.#counts.sum(event, nowMs);
    const errors = sum(At.FAILURE) + sum(At.TIMEOUT) + sum(At.THREAD_POOL_REJECTED) + sum(At.SEMAPHORE_REJECTED);
    const requests = sum(At.SUCCESS) + errors;
    const slow = sum(At.SLOW);
    const percent = (count: number): number => (requests === 0 ? 0 : Math.floor((100 * count) / requests));
    return { requests, errors, errorPercentage: percent(errors), slow, slowPercentage: percent(slow) };
  }

  #allowSlowly(nowMs: number): boolean {
    const { forceOpen, forceClosed, enabled, trialCalls } = this.#options;
    if (forceOpen) return false;
    if (forceClosed || !enabled) return true;
    if (this.#kind === "open") {
      if (nowMs < this.#trialAtMs) return false;
      this.#turn(
        "half-open",
        nowMs,
        `its sleep window is over: ${trialCalls} trial call${trialCalls === 1 ? "" : "s"}`,
      );
      this.#trialsLeft = trialCalls;
      this.#trialsSucceeded = 0;
      this.#trialsFailed = 0;
    }
    if (this.#trialsLeft === 0) return false;
    this.#trialsLeft -= 1;
    return true;
  }

  #trialEnded(success: boolean, nowMs: number): void {
    const { trialCalls, trialSuccessPercentage } = this.#options;
    if (success) this.#trialsSucceeded += 1;
    else this.#trialsFailed += 1;
    const needed = Math.max(1, Math.ceil((trialCalls * trialSuccessPercentage) / 100));
    const said = `${this.#trialsSucceeded} of ${trialCalls} trial call${trialCalls === 1 ? "" : "s"} succeeded`;
    if (this.#trialsSucceeded >= needed) {
      this.#turn("closed", nowMs, said);
      // What was before the trial says nothing about now.
      this.#counts.reset();
    } else if (this.#trialsFailed > trialCalls - needed)
      this.#open(nowMs, `${this.#trialsFailed} of ${trialCalls} trial calls failed`);
  }

  #judge(nowMs: number): void {
    this.#judgeAtMs = nowMs + this.#options.healthIntervalMs;
    const {
      enabled,
      forceClosed,
      requestVolumeThreshold: volume,
      errorThresholdPercentage,
      slowCallThresholdPercentage,
    } = this.#options;
    if (!enabled || forceClosed || this.#kind !== "closed") return;
    const health = this.health(nowMs);
    if (health.requests < volume) return;
    if (health.errorPercentage >= errorThresholdPercentage) {
      this.#open(
        nowMs,
        `${health.errors} of ${health.requests} calls failed: ${health.errorPercentage} %, from ${errorThresholdPercentage} % on it opens`,
      );
    } else if (slowCallThresholdPercentage < 100 && health.slowPercentage >= slowCallThresholdPercentage) {
      this.#open(
        nowMs,
        `${health.slow} of ${health.requests} calls were slow: ${health.slowPercentage} %, from ${slowCallThresholdPercentage} % on it opens`,
      );
    }
  }

  #open(nowMs: number, why: string): void {
    this.#turn("open", nowMs, why);
    this.#trialAtMs = nowMs + this.#options.sleepWindowMs;
  }

  #turn(to: BreakerState["kind"], nowMs: number, why: string): void {
    const { requests, errors, errorPercentage, slow } = this.health(nowMs);
    this.#kind = to;
    this.#sinceMs = nowMs;
    this.#history.push({ atMs: nowMs, to, why, requests, errors, errorPercentage, slow });
    if (this.#history.length > historyMax) this.#history.shift();
  }
}
