import type { HealthCheck, InstanceState } from "@holdfast/wire";

/** What one look at an instance said. */
export type ProbeResult =
  | { readonly kind: "healthy"; readonly detail: string }
  /** It answers, and says that it is not ready yet. */
  | { readonly kind: "starting"; readonly detail: string }
  | { readonly kind: "failed"; readonly code: string; readonly detail: string }
  /** The agent itself was held up; this look says nothing. */
  | { readonly kind: "unknown" };

export interface HealthVerdict {
  readonly state: Extract<InstanceState, "starting" | "up" | "unhealthy">;
  readonly reasonCode: string;
  /** One sentence. */
  readonly reason: string;
}

export interface HealthHistory {
  /** Monotonic ms of the process start. */
  readonly startedAtMs: number;
  /** True for an adopted instance that had been healthy. */
  readonly healthyBefore: boolean;
}

const firstDelayMs = 50;
const startingDelayMaxMs = 250;
const growth = 1.5;
/** After a failed look the next one comes soon: a replacement should not wait for the calm interval. */
const confirmDelayMs = 500;

/**
 * Decides from single looks whether an instance is starting, up or unhealthy. Pure: it is told the time.
 *
 * Until it is first healthy, failures are expected, and only `startTimeoutMs` ends them. Then `unhealthyAfter` failures
 * in a row make it unhealthy, and one good look makes it up again.
 */
export class HealthMachine {
  readonly #check: HealthCheck;
  readonly #startedAtMs: number;
  #healthyOnce: boolean;
  #failures = 0;
  #looks = 0;
  #diagnosis: HealthVerdict | undefined;
  #verdict: HealthVerdict;

  constructor(check: HealthCheck, history: HealthHistory) {
    this.#check = check;
    this.#startedAtMs = history.startedAtMs;
    this.#healthyOnce = history.healthyBefore;
    this.#verdict = history.healthyBefore
      ? { state: "up", reasonCode: "HEALTHY", reason: "healthy before its agent was restarted" }
      : { state: "starting", reasonCode: "STARTING", reason: "started; not checked yet" };
  }

  get verdict(): HealthVerdict {
    return this.#verdict;
  }

  /** How long until the next look, in ms: 50 growing to 250 until first healthy, then the check's interval. */
  get nextDelayMs(): number {
    if (this.#healthyOnce) {
      return this.#failures > 0 ? Math.min(confirmDelayMs, this.#check.intervalMs) : this.#check.intervalMs;
    }
    if (this.#verdict.state === "unhealthy") return this.#check.intervalMs;
    return Math.min(startingDelayMaxMs, firstDelayMs * growth ** this.#looks);
  }

  /** A better explanation of why it is not healthy yet than "no answer"; shown until it is healthy. */
  diagnose(reasonCode: string, reason: string): HealthVerdict {
    this.#diagnosis = { state: "starting", reasonCode, reason };
    if (!this.#healthyOnce) this.#verdict = { ...this.#diagnosis, state: this.#verdict.state };
    return this.#verdict;
  }

  /** Takes in one look made at monotonic `nowMs`. */
  observe(result: ProbeResult, nowMs: number): HealthVerdict {
    this.#looks += 1;
    this.#verdict = this.#next(result, nowMs);
    return this.#verdict;
  }

  #next(result: ProbeResult, nowMs: number): HealthVerdict {
    if (result.kind === "unknown") return this.#verdict;
    if (result.kind === "healthy") {
      this.#failures = 0;
      this.#healthyOnce = true;
      this.#diagnosis = undefined;
      return { state: "up", reasonCode: "HEALTHY", reason: result.detail };
    }
    return this.#healthyOnce ? this.#failed(result) : this.#notYet(result, nowMs);
  }

  #failed(result: Extract<ProbeResult, { kind: "starting" | "failed" }>): HealthVerdict {
    this.#failures += 1;
    const code = result.kind === "failed" ? result.code : "UNHEALTHY";
    if (this.#failures < this.#check.unhealthyAfter && this.#verdict.state === "up") return this.#verdict;
    const times = this.#failures === 1 ? "1 check" : `${this.#failures} checks in a row`;
    return { state: "unhealthy", reasonCode: code, reason: `${times} failed: ${result.detail}` };
  }

  #notYet(result: Extract<ProbeResult, { kind: "starting" | "failed" }>, nowMs: number): HealthVerdict {
    const better = this.#diagnosis ?? { reasonCode: "STARTING", reason: result.detail };
    if (nowMs - this.#startedAtMs < this.#check.startTimeoutMs) return { ...better, state: "starting" };
    if (this.#diagnosis !== undefined) return { ...this.#diagnosis, state: "unhealthy" };
    const seconds = this.#check.startTimeoutMs / 1_000;
    return {
      state: "unhealthy",
      reasonCode: "START_TIMEOUT",
      reason: `not healthy within ${seconds} s of its start: ${result.detail}`,
    };
  }
}
