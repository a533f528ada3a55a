import { type Random, SeededRandom } from "@holdfast/kernel";
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
  /** Up to so much longer, by chance, so that callers that were cut off together do not all come back together. */
  readonly sleepJitterPercentage: number;
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
  sleepJitterPercentage: 0,
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
  /** On the monotonic clock. */
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

/** What {@link CircuitBreaker.allow} says of a call; more than 0: a trial, of the round with that number. */
export const refused = -1;
export const ordinary = 0;

const historyMax = 20;

/**
 * Hystrix's circuit (`HystrixCircuitBreakerImpl`): opens when, in the rolling window, enough calls were made and too many
 * of them failed, timed out or were rejected; after the sleep window lets trial calls through; closes when they succeed, and
 * then forgets the window. Calls that were refused by the open circuit and bad requests do not count. Unlike Hystrix's,
 * only a trial's own end decides: a call from before the opening that comes back late neither closes nor reopens it.
 */
export class CircuitBreaker {
  #options: BreakerOptions;
  readonly #counts: () => RollingCounts;
  readonly #onTurn: ((to: Transition) => void) | undefined;
  readonly #history: Transition[] = [];
  readonly #random: Random;
  #kind: BreakerState["kind"] = "closed";
  #sinceMs = 0;
  #trialAtMs = 0;
  #round = 0;
  #trialsLeft = 0;
  #trialsSucceeded = 0;
  #trialsFailed = 0;
  #judgeAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    counts: () => RollingCounts,
    options: BreakerOptions,
    onTurn?: (to: Transition) => void,
    random: Random = new SeededRandom(1),
  ) {
    this.#random = random;
    this.#counts = counts;
    this.#options = options;
    this.#onTurn = onTurn;
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

  /** On the monotonic clock: when an open circuit lets a trial through. */
  get trialAtMs(): number {
    return this.#trialAtMs;
  }

  /** What the next call would find; changes nothing. */
  isOpen(): boolean {
    if (this.#options.forceOpen) return true;
    return !this.#options.forceClosed && this.#options.enabled && this.#kind !== "closed";
  }

  /** Judges the window if it is time; what a call would do, for those who only look. */
  look(nowMs: number): void {
    if (nowMs >= this.#judgeAtMs) this.#judge(nowMs);
  }

  /** May this call be made? {@link refused}, or what its end must be told with. */
  allow(nowMs: number): number {
    if (nowMs >= this.#judgeAtMs) this.#judge(nowMs);
    if (this.#kind === "closed" && !this.#options.forceOpen) return ordinary;
    return this.#allowSlowly(nowMs);
  }

  /** A call that was allowed has ended well; `pass` is what {@link allow} said. */
  succeeded(pass: number, nowMs: number): void {
    if (pass !== ordinary) this.#trialEnded(pass, true, nowMs);
    else if (nowMs >= this.#judgeAtMs) this.#judge(nowMs);
  }

  /** A call that was allowed has failed or timed out. */
  failed(pass: number, nowMs: number): void {
    if (pass !== ordinary) this.#trialEnded(pass, false, nowMs);
    else if (nowMs >= this.#judgeAtMs) this.#judge(nowMs);
  }

  /** A call that was allowed ended without a verdict on the callee: rejected here, a bad request, cancelled. */
  abandoned(pass: number): void {
    if (pass === this.#round && this.#kind === "half-open") this.#trialsLeft += 1;
  }

  /** The callee asks to be left alone for so long (`Retry-After`): open now, trial then. */
  openFor(ms: number, nowMs: number, why: string): void {
    if (!this.#options.enabled || this.#options.forceClosed) return;
    if (this.#kind === "open" && this.#trialAtMs >= nowMs + ms) return;
    this.#turn("open", nowMs, why);
    this.#trialAtMs = nowMs + ms;
  }

  health(nowMs: number): Health {
    const counts = this.#counts();
    const sum = (event: number): number => counts.sum(event, nowMs);
    const timeouts = Math.max(0, sum(At.TIMEOUT) - sum(At.TIMEOUT_STALLED));
    const errors = sum(At.FAILURE) + timeouts + sum(At.THREAD_POOL_REJECTED) + sum(At.SEMAPHORE_REJECTED);
    const requests = sum(At.SUCCESS) + errors;
    const slow = sum(At.SLOW);
    const percent = (count: number): number => (requests === 0 ? 0 : Math.floor((100 * count) / requests));
    return { requests, errors, errorPercentage: percent(errors), slow, slowPercentage: percent(slow) };
  }

  #allowSlowly(nowMs: number): number {
    const { forceOpen, forceClosed, enabled, trialCalls, sleepWindowMs } = this.#options;
    if (forceOpen) return refused;
    if (forceClosed || !enabled) return ordinary;
    if (this.#kind === "open") {
      if (nowMs < this.#trialAtMs) return refused;
      this.#turn("half-open", nowMs, `its sleep window is over: ${trials(trialCalls)}`);
      this.#startRound(trialCalls, nowMs + sleepWindowMs);
    } else if (this.#trialsLeft === 0 && nowMs >= this.#trialAtMs) {
      // Trials that never come back must not keep it half-open for ever.
      this.#startRound(trialCalls, nowMs + sleepWindowMs);
    }
    if (this.#trialsLeft === 0) return refused;
    this.#trialsLeft -= 1;
    return this.#round;
  }

  #startRound(trialCalls: number, nextMs: number): void {
    this.#round += 1;
    this.#trialAtMs = nextMs;
    this.#trialsLeft = trialCalls;
    this.#trialsSucceeded = 0;
    this.#trialsFailed = 0;
  }

  #trialEnded(pass: number, success: boolean, nowMs: number): void {
    if (pass !== this.#round || this.#kind !== "half-open") return;
    const { trialCalls, trialSuccessPercentage } = this.#options;
    if (success) this.#trialsSucceeded += 1;
    else this.#trialsFailed += 1;
    const needed = Math.max(1, Math.ceil((trialCalls * trialSuccessPercentage) / 100));
    if (this.#trialsSucceeded >= needed) {
      this.#turn("closed", nowMs, `${this.#trialsSucceeded} of ${trials(trialCalls)} succeeded`);
      // What was before the trial says nothing about now.
      this.#counts().reset();
    } else if (this.#trialsFailed > trialCalls - needed) {
      this.#turn("open", nowMs, `${this.#trialsFailed} of ${trials(trialCalls)} failed`);
      this.#trialAtMs = nowMs + this.#sleepMs();
    }
  }

  #judge(nowMs: number): void {
    this.#judgeAtMs = nowMs + this.#options.healthIntervalMs;
    const { enabled, requestVolumeThreshold, errorThresholdPercentage } = this.#options;
    const { slowCallThresholdPercentage } = this.#options;
    if (!enabled || this.#options.forceClosed || this.#kind !== "closed") return;
    const health = this.health(nowMs);
    if (health.requests < requestVolumeThreshold) return;
    if (health.errorPercentage >= errorThresholdPercentage) {
      this.#turn(
        "open",
        nowMs,
        `${health.errors} of ${health.requests} calls failed: ${health.errorPercentage} %, from ${errorThresholdPercentage} % on it opens`,
      );
    } else if (slowCallThresholdPercentage < 100 && health.slowPercentage >= slowCallThresholdPercentage) {
      this.#turn(
        "open",
        nowMs,
        `${health.slow} of ${health.requests} calls were slow: ${health.slowPercentage} %, from ${slowCallThresholdPercentage} % on it opens`,
      );
    } else return;
    this.#trialAtMs = nowMs + this.#sleepMs();
  }

  #sleepMs(): number {
    const { sleepWindowMs, sleepJitterPercentage } = this.#options;
    return sleepWindowMs * (1 + (sleepJitterPercentage / 100) * this.#random.next());
  }

  #turn(to: BreakerState["kind"], nowMs: number, why: string): void {
    const { requests, errors, errorPercentage, slow } = this.health(nowMs);
    this.#kind = to;
    this.#sinceMs = nowMs;
    const transition = { atMs: nowMs, to, why, requests, errors, errorPercentage, slow };
    this.#history.push(transition);
    if (this.#history.length > historyMax) this.#history.shift();
    this.#onTurn?.(transition);
  }
}

function trials(count: number): string {
  return count === 1 ? "1 trial call" : `${count} trial calls`;
}
