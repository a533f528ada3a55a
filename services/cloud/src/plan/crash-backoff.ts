import { type BackoffOptions, backoffDefaults, backoffMs } from "@holdfast/kernel";
import type { LaunchDelay } from "./action.ts";

export interface CrashBackoffOptions extends BackoffOptions {
  /** An instance that ends so soon after its start has crashed, even when it had been healthy. In ms. */
  readonly crashWithinMs: number;
  /** The longest delay after instances that had been healthy, in ms: their program does work. */
  readonly healthyMaxMs: number;
}

/** 250 ms doubling to 30 s; ten seconds of life make a program that works. */
export const crashBackoffDefaults: CrashBackoffOptions = {
  ...backoffDefaults,
  crashWithinMs: 10_000,
  healthyMaxMs: 2_000,
};

/** How one instance ended. */
export interface Ending {
  readonly wasHealthy: boolean;
  readonly livedMs: number;
  /** One sentence: `exited with code 1 after 0.2 s`. */
  readonly reason: string;
}

/**
 * How long to wait with the next launch of one group in one zone.
 *
 * An instance that lived `crashWithinMs` or longer is replaced at once. One that never became healthy delays its
 * successor by 250 ms · 2^(n−1), up to 30 s, n being the crashes since something last lived long enough. One that had been
 * healthy is replaced at once the first time; later ones wait like the others, but no longer than `healthyMaxMs`.
 * All times are monotonic.
 */
export class CrashBackoff {
  readonly #options: CrashBackoffOptions;
  #crashes = 0;
  #untilMs = 0;
  #lastCrashMs = 0;
  #reason = "";

  constructor(options: Partial<CrashBackoffOptions> = {}) {
    this.#options = { ...crashBackoffDefaults, ...options };
  }

  /** Crashes in a row. */
  get crashes(): number {
    return this.#crashes;
  }

  /** Why the last one ended; empty when none crashed. */
  get reason(): string {
    return this.#crashes === 0 ? "" : this.#reason;
  }

  ended(ending: Ending, nowMs: number): void {
    if (ending.wasHealthy && ending.livedMs >= this.#options.crashWithinMs) return;
    this.#crashes++;
    this.#reason = ending.reason;
    this.#lastCrashMs = nowMs;
    const delay = ending.wasHealthy
      ? Math.min(backoffMs(this.#crashes - 1, this.#options), this.#options.healthyMaxMs)
      : backoffMs(this.#crashes, this.#options);
    this.#untilMs = Math.max(this.#untilMs, nowMs + delay);
  }

  /** An instance here has been up for `upMs`: once that is long enough, the crashes before it are forgotten. */
  lives(upMs: number, nowMs: number): void {
    if (upMs < this.#options.crashWithinMs || nowMs - upMs < this.#lastCrashMs) return;
    this.forget();
  }

  /** Starts anew: somebody changed what is launched. */
  forget(): void {
    this.#crashes = 0;
    this.#untilMs = 0;
    this.#reason = "";
  }

  /** The delay that is left, or `undefined`. */
  delay(nowMs: number): LaunchDelay | undefined {
    const waitMs = this.#untilMs - nowMs;
    if (waitMs <= 0) return undefined;
    const times = this.#crashes === 1 ? "once" : `${this.#crashes} times`;
    return { waitMs, reason: `${this.#reason} (${times}); next try in ${formatWait(waitMs)}` };
  }
}

function formatWait(ms: number): string {
  return ms < 1_000 ? `${Math.ceil(ms / 50) * 50} ms` : `${Math.ceil(ms / 1_000)} s`;
}
