import type { OutlierDetector } from "./outlier-detector.ts";

/** May it get calls? `returning`: one, as a trial, and more only when that has succeeded. */
export type Standing = "usable" | "returning" | "ejected";

/**
 * What one caller holds against one server. Being out of reach (refused, reset, cut, silent) ends in ejections of
 * `ejectionMs` (1 s), doubled with each repetition; bad answers in Envoy's, of `baseEjectionTime` times the repetitions.
 */
export class HostHealth {
  readonly id: string;
  readonly #detector: OutlierDetector;
  /** Of the interval under way, for comparison with others. */
  successes = 0;
  calls = 0;
  #in5xx = 0;
  #inGateway = 0;
  #inLocal = 0;
  #inSilence = 0;
  /** Ejections for being out of reach, since the last long good time. */
  #outOfReach = 0;
  /** Envoy's ejection multiplier: one more with each ejection for answers, one less with each interval in use. */
  #badAnswers = 0;
  #ejectedUntilMs = 0;
  #isReturning = false;
  #isOutForAnswers = false;
  #onTrial = false;
  #why = "";
  /** When it last came back. */
  #backAtMs = Number.NEGATIVE_INFINITY;

  constructor(id: string, detector: OutlierDetector) {
    this.id = id;
    this.#detector = detector;
  }

  get ejectedUntilMs(): number {
    return this.#ejectedUntilMs;
  }

  get backAtMs(): number {
    return this.#backAtMs;
  }

  /** Its trial call is under way. */
  get isOnTrial(): boolean {
    return this.#onTrial;
  }

  /** Why it was put out last; empty when it never was. */
  get why(): string {
    return this.#why;
  }

  get times(): number {
    return this.#outOfReach + this.#badAnswers;
  }

  /** Out for what it answered, not for being out of reach. */
  get isOutForAnswers(): boolean {
    return this.#isOutForAnswers && this.#isReturning;
  }

  standing(nowMs: number): Standing {
    if (nowMs < this.#ejectedUntilMs) return "ejected";
    return this.#isReturning ? "returning" : "usable";
  }

  started(): void {
    if (this.#isReturning) this.#onTrial = true;
  }

  /** It answered, and not with a fault of its own. */
  succeeded(nowMs: number): void {
    this.#onTrial = false;
    this.#in5xx = 0;
    this.#inGateway = 0;
    this.#inLocal = 0;
    this.#inSilence = 0;
    this.calls += 1;
    this.successes += 1;
    if (this.#outOfReach > 0 && nowMs - this.#ejectedUntilMs > this.#detector.outOfReachMaxMs) this.#outOfReach = 0;
    if (this.#isReturning && nowMs >= this.#ejectedUntilMs) this.#comeBack(nowMs);
    this.#detector.look(nowMs);
  }

  /** It answered with a 5xx. */
  answeredBadly(status: number, nowMs: number): void {
    const { options } = this.#detector;
    this.#onTrial = false;
    this.#inLocal = 0;
    this.#inSilence = 0;
    this.calls += 1;
    this.#in5xx += 1;
    const isGateway = status >= 502 && status <= 504;
    this.#inGateway = isGateway ? this.#inGateway + 1 : 0;
    if (this.#isReturning && nowMs >= this.#ejectedUntilMs) {
      if (this.#isOutForAnswers) this.#ejectForAnswers(`its trial call was answered ${status}`, nowMs);
      // It was out of reach, and is not any more.
      else this.#comeBack(nowMs);
    }
    if (isGateway && this.#inGateway >= options.consecutiveGatewayFailure) {
      this.#applyRule(options.enforcingConsecutiveGatewayFailure, `${this.#inGateway} answers 502–504 in a row`, nowMs);
    }
    if (this.#in5xx >= options.consecutive5xx) {
      this.#applyRule(options.enforcingConsecutive5xx, `${this.#in5xx} answers 5xx in a row`, nowMs);
    }
    this.#detector.look(nowMs);
  }

  /** It is full, and said so: alive, and neither good nor bad. */
  shed(nowMs: number): void {
    this.#onTrial = false;
    this.#inLocal = 0;
    this.#inSilence = 0;
    if (this.#isReturning && nowMs >= this.#ejectedUntilMs) this.#comeBack(nowMs);
  }

  /** It asked to be left alone (Retry-After); it is, unless too many are out. */
  rest(ms: number, nowMs: number): void {
    if (nowMs < this.#ejectedUntilMs || (!this.#isReturning && !this.#detector.mayEject(nowMs))) return;
    this.#out(nowMs + ms, true, `it asked to be left alone for ${Math.round(ms)} ms (Retry-After)`, nowMs);
  }

  /** It refused, reset, or cut its answer. */
  broke(what: string, nowMs: number): void {
    this.#onTrial = false;
    this.calls += 1;
    this.#inLocal += 1;
    const { consecutiveLocalOriginFailure: most } = this.#detector.options;
    if (this.#inLocal >= most || this.#isReturning) {
      this.#ejectOutOfReach(this.#inLocal > 1 ? `${what}, ${this.#inLocal} times in a row` : what, nowMs);
    }
  }

  /** It had not answered when another had, or when time was over. */
  keptSilent(ms: number, nowMs: number): void {
    this.#onTrial = false;
    this.calls += 1;
    this.#inSilence += 1;
    if (this.#inSilence >= this.#detector.options.consecutiveSilent || this.#isReturning) {
      this.#ejectOutOfReach(
        `${this.#inSilence} calls in a row without an answer, the last for ${Math.round(ms)} ms`,
        nowMs,
      );
    }
  }

  /** A call ended for a reason that says nothing about it. */
  released(): void {
    this.#onTrial = false;
  }

  /** The detector has compared it with the others. */
  isOutlier(why: string, nowMs: number): void {
    if (this.standing(nowMs) === "usable") this.#ejectForAnswers(why, nowMs);
  }

  /** An interval has passed. */
  newInterval(nowMs: number): void {
    this.calls = 0;
    this.successes = 0;
    if (this.#badAnswers > 0 && this.standing(nowMs) === "usable") this.#badAnswers -= 1;
  }

  #applyRule(enforcing: number, why: string, nowMs: number): void {
    if (this.standing(nowMs) !== "usable" || !this.#detector.enforces(enforcing)) return;
    this.#ejectForAnswers(why, nowMs);
  }

  #ejectForAnswers(why: string, nowMs: number): void {
    if (!this.#isReturning && !this.#detector.mayEject(nowMs)) return;
    this.#badAnswers += 1;
    this.#out(nowMs + this.#detector.ejectionMs(this.#badAnswers), true, why, nowMs);
  }

  #ejectOutOfReach(why: string, nowMs: number): void {
    if (nowMs < this.#ejectedUntilMs) return;
    const ms = this.#detector.outOfReachMs(this.#outOfReach);
    this.#outOfReach += 1;
    this.#out(nowMs + ms, false, why, nowMs);
  }

  #out(untilMs: number, forAnswers: boolean, why: string, nowMs: number): void {
    this.#ejectedUntilMs = untilMs;
    this.#isReturning = true;
    this.#isOutForAnswers = forAnswers;
    this.#why = why;
    this.#in5xx = 0;
    this.#inGateway = 0;
    this.#detector.changed(this.id, "ejected", `${why}: out for ${Math.round(untilMs - nowMs)} ms`, nowMs);
  }

  #comeBack(nowMs: number): void {
    this.#isReturning = false;
    this.#backAtMs = nowMs;
    this.#detector.changed(this.id, "returned", "its trial call was answered", nowMs);
  }
}
