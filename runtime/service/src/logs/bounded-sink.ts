import { type Clock, codeOf, type Timer } from "@holdfast/kernel";
import type { LogOutput } from "./log-output.ts";

export interface BoundedSinkOptions {
  /** Characters that may wait, those being written included; what comes beyond is lost. */
  readonly charactersMax: number;
  /** Lines of so many ms go out together, unless there are many: a write costs as much as twenty lines. */
  readonly togetherMs: number;
  /** After a write that failed the next one is tried so much later, in ms: the first and the longest wait. */
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
}

/** 1 MiB is some 5,000 lines: a second of a busy service. A full disk is tried at least each 5 s. 20 ms are
 * soon enough for those who read along. */
export const boundedSinkDefaults: BoundedSinkOptions = {
  charactersMax: 1024 * 1024,
  togetherMs: 20,
  retryMinMs: 250,
  retryMaxMs: 5_000,
};

const hangsAfterMs = 1_000;
/** So many do not wait for more. */
const charactersMany = 64 * 1024;

/** What has been lost since the last time somebody was told. */
export interface Loss {
  readonly lines: number;
  /** Why: the code of the output's error (ENOSPC, EPIPE …), or `SLOW` when it took longer than lines came. */
  readonly reason: string;
}

/**
 * Where lines go: written as they come, one write at a time, never waited for. An output that fails (a full disk) or hangs
 * costs at most the memory of `charactersMax`, and the lines that came beyond. Once it takes lines again, it is told how many
 * were lost.
 */
export class BoundedSink {
  readonly #clock: Clock;
  readonly #output: LogOutput;
  readonly #options: BoundedSinkOptions;
  readonly #lossLine: (loss: Loss) => string;
  #waiting = "";
  /** What the output is at. */
  #underWay = "";
  #isWriting = false;
  #writingSinceMs = Number.NEGATIVE_INFINITY;
  #isGone = false;
  #failures = 0;
  /** Until the next write, after one that failed or to let lines go together. */
  #pause: Timer | undefined;
  #trouble = "";
  #lost = 0;
  #untold = 0;
  #untoldReason = "";
  readonly #onIdle: (() => void)[] = [];
  readonly #done = (error: Error | undefined, rest: string): void => this.#written(error, rest);

  /** `lossLine` makes the line, with its end, that tells of a loss. */
  constructor(
    clock: Clock,
    output: LogOutput,
    lossLine: (loss: Loss) => string,
    options: BoundedSinkOptions = boundedSinkDefaults,
  ) {
    this.#clock = clock;
    this.#output = output;
    this.#lossLine = lossLine;
    this.#options = options;
  }

  /** Lines lost so far. */
  get lost(): number {
    return this.#lost;
  }

  /** Characters that wait, or are being written. */
  get waiting(): number {
    return this.#waiting.length + this.#underWay.length;
  }

  /** The code of what keeps the output from taking lines now; undefined when it does. */
  get trouble(): string | undefined {
    return this.#failures > 0 ? this.#trouble : undefined;
  }

  /** Takes one line with its end. Never throws, never waits. */
  write(line: string): void {
    if (this.#isGone || this.waiting + line.length > this.#options.charactersMax) return this.#lose(line);
    this.#waiting += line;
    if (!this.#isWriting) this.#soon();
  }

  /** Resolves when all has been written or lost, or when `boundMs` is over. */
  async flush(boundMs: number): Promise<void> {
    if (this.waiting === 0) return;
    if (!this.#isWriting && this.#failures === 0) this.#next();
    const late = new AbortController();
    const idle = new Promise<void>((resolve) => void this.#onIdle.push(resolve));
    await Promise.race([idle, this.#clock.sleep(boundMs, late.signal).catch(() => {})]);
    late.abort();
  }

  /** The last chance, as the process ends: what has not been begun is written at once, unless the output is in trouble. */
  end(): void {
    const rest = this.#waiting;
    this.#waiting = "";
    this.#pause?.cancel();
    // What hangs would hang the end, too.
    const hangs = this.#isWriting && this.#clock.monotonicMs() - this.#writingSinceMs > hangsAfterMs;
    if ((rest !== "" || this.#isWriting) && this.#failures === 0 && !hangs) this.#output.writeNow(rest);
  }

  /** Writes what waits: now, or together with what comes in the next moment. */
  #soon(): void {
    const isMany = this.#waiting.length >= charactersMany && this.#failures === 0;
    if (this.#pause !== undefined && !isMany) return;
    const leftMs = this.#writingSinceMs + this.#options.togetherMs - this.#clock.monotonicMs();
    if (leftMs <= 0 || isMany) this.#next();
    else this.#pauseFor(leftMs);
  }

  #pauseFor(ms: number): void {
    // `every`, as it keeps no process alive.
    this.#pause = this.#clock.every(ms, () => this.#next());
  }

  #next(): void {
    this.#pause?.cancel();
    this.#pause = undefined;
    let text = this.#waiting;
    this.#waiting = "";
    // Not while it fails: what is lost meanwhile is told in one line.
    if (this.#untold > 0 && this.#failures === 0) {
      text += this.#lossLine({ lines: this.#untold, reason: this.#untoldReason });
      this.#untold = 0;
    }
    this.#underWay = text;
    this.#isWriting = true;
    this.#writingSinceMs = this.#clock.monotonicMs();
    this.#output.write(text, this.#done);
  }

  #written(error: Error | undefined, rest: string): void {
    this.#isWriting = false;
    this.#underWay = "";
    if (error !== undefined) return this.#failed(error, rest);
    this.#failures = 0;
    if (this.#onIdle.length > 0 && this.#waiting !== "") return this.#next();
    this.#tellIdle();
    if (this.#waiting !== "" || this.#untold > 0) this.#soon();
  }

  #failed(error: Error, rest: string): void {
    this.#failures += 1;
    this.#trouble = codeOf(error);
    this.#waiting = rest + this.#waiting;
    if (this.#output.isGone(error)) {
      this.#isGone = true;
      this.#lose(this.#waiting);
      this.#waiting = "";
      return this.#tellIdle();
    }
    const { retryMinMs, retryMaxMs } = this.#options;
    this.#pauseFor(Math.min(retryMaxMs, retryMinMs * 2 ** (this.#failures - 1)));
  }

  #lose(text: string): void {
    let lines = 0;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines += 1;
    if (this.#untold === 0) this.#untoldReason = this.trouble ?? "SLOW";
    this.#untold += lines;
    this.#lost += lines;
  }

  #tellIdle(): void {
    for (const tell of this.#onIdle.splice(0)) tell();
  }
}
