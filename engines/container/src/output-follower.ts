import { appendFileSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import { backoffMs, type Clock, type Log, messageOf } from "@holdfast/kernel";
import type { DockerApi } from "./docker/docker-api.ts";
import { parseTimed } from "./log-lines.ts";

/** The engine may have been restarted: it is asked again soon, then seldom. */
const again = { initialMs: 100, maxMs: 5_000, factor: 2 } as const;

/**
 * Appends a container's output to a file until the container has ended, or until stopped. A connection that breaks is made
 * again where it broke. A disk that refuses costs lines, never the instance.
 */
export class OutputFollower {
  readonly #clock: Clock;
  readonly #api: DockerApi;
  readonly #log: Log;
  readonly #name: string;
  readonly #file: string;
  readonly #stop = new AbortController();
  readonly #following = new AbortController();
  /** The last line that was written, by the engine's time. */
  #lastNs: bigint;
  #ended = false;
  #problem = "";
  /** Resolves when nothing more will be written. */
  readonly finished: Promise<void>;

  /** @param sinceMs wall time from which on lines are not in the file yet. */
  constructor(clock: Clock, log: Log, api: DockerApi, name: string, file: string, sinceMs: number) {
    this.#clock = clock;
    this.#log = log;
    this.#api = api;
    this.#name = name;
    this.#file = file;
    this.#lastNs = BigInt(Math.floor(sinceMs)) * 1_000_000n;
    this.finished = this.#run();
  }

  /** The container has ended: what it has written by now is fetched, and nothing more will come. */
  end(): void {
    this.#ended = true;
    this.#following.abort();
  }

  stop(): void {
    this.#stop.abort();
    this.#following.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let failures = 0;
    while (!signal.aborted) {
      const last = this.#ended;
      try {
        await this.#fetch(!last, last ? signal : this.#following.signal);
        failures = 0;
      } catch (error) {
        failures += 1;
        this.#log.debug("container.output.lost", { container: this.#name, reason: messageOf(error) });
      }
      if (last) return;
      const delayMs = backoffMs(Math.max(1, failures), again);
      await this.#clock.sleep(delayMs, this.#following.signal).catch(() => {});
    }
  }

  /** Appends what is new; with `follow` until the container has ended, or the connection. */
  async #fetch(follow: boolean, signal: AbortSignal): Promise<void> {
    const decoder = new StringDecoder("utf8");
    const skipUntilNs = this.#lastNs;
    let skipping = false;
    const onContent = (content: Buffer): void => {
      let text = "";
      for (const line of decoder.write(content).split(/(?<=\n)/)) {
        const timed = parseTimed(line);
        // Only the first part of a long line has a time; the others go where it went.
        if (timed.atNs > 0n) {
          skipping = timed.atNs <= skipUntilNs;
          if (timed.atNs > this.#lastNs) this.#lastNs = timed.atNs;
        }
        if (!skipping) text += timed.text;
      }
      if (text !== "") this.#append(text);
    };
    const since = Number(skipUntilNs / 1_000_000_000n);
    await this.#api.logs(this.#name, { since, follow }, onContent, signal);
  }

  #append(text: string): void {
    try {
      appendFileSync(this.#file, text, { mode: 0o640 });
      this.#problem = "";
    } catch (error) {
      const problem = messageOf(error);
      if (problem !== this.#problem) this.#log.warn("container.output.not-written", { path: this.#file, problem });
      this.#problem = problem;
    }
  }
}
