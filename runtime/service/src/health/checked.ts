import { type Clock, messageOf, type Timer } from "@holdfast/kernel";
import type { CheckAnswer, CheckState, CheckStatus, HealthCheck } from "./health-check.ts";

const startingEveryMs = 250;
export const checkDefaults = { timeoutMs: 1_000, everyMs: 2_000 } as const;

/** One check, asked again and again, at most one question at a time. */
export class Checked {
  readonly #clock: Clock;
  readonly #check: HealthCheck;
  readonly #onSeen: () => void;
  #state: CheckState;
  /** The answer that is still to come. */
  #asked: Promise<CheckAnswer> | undefined;
  #passed = false;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(clock: Clock, check: HealthCheck, onSeen: () => void) {
    this.#clock = clock;
    this.#check = check;
    this.#onSeen = onSeen;
    const { name, kind = "readiness" } = check;
    this.#state = { name, kind, status: "starting", output: "not asked yet", atMs: clock.wallMs(), tookMs: 0 };
  }

  get state(): CheckState {
    return this.#state;
  }

  /** Asks once, then plans the next time. Never throws. */
  async ask(): Promise<void> {
    const beganMs = this.#clock.monotonicMs();
    const { status, output } = await this.#answer();
    if (this.#stopped) return;
    if (status === "pass") this.#passed = true;
    const tookMs = Math.round(this.#clock.monotonicMs() - beganMs);
    this.#state = { ...this.#state, status, output, atMs: this.#clock.wallMs(), tookMs };
    this.#onSeen();
    const everyMs = this.#check.everyMs ?? checkDefaults.everyMs;
    const nextMs = this.#passed ? everyMs : Math.min(everyMs, startingEveryMs);
    this.#timer = this.#clock.after(nextMs, () => void this.ask());
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #answer(): Promise<{ status: CheckStatus; output: string }> {
    const { check, timeoutMs = checkDefaults.timeoutMs } = this.#check;
    const late = new AbortController();
    try {
      const timeout = this.#clock.sleep(timeoutMs, late.signal).then(
        () => ({ status: "fail" as const, output: `took longer than ${timeoutMs} ms` }),
        () => ({ status: "fail" as const, output: "" }),
      );
      this.#asked ??= (async () => check(late.signal))().finally(() => (this.#asked = undefined));
      return await Promise.race([this.#asked.then(judged), timeout]);
    } catch (error) {
      return { status: "fail", output: `failed: ${messageOf(error)}` };
    } finally {
      late.abort();
    }
  }
}

function judged(answer: CheckAnswer): { status: CheckStatus; output: string } {
  if (answer === undefined || answer === true) return { status: "pass", output: "" };
  if (answer === false) return { status: "fail", output: "says no" };
  if (typeof answer === "string")
    return answer === "" ? { status: "pass", output: "" } : { status: "fail", output: answer };
  if (answer === 204) return { status: "starting", output: "is still starting (204)" };
  return answer >= 200 && answer < 300
    ? { status: "pass", output: "" }
    : { status: "fail", output: `answered ${answer}` };
}
