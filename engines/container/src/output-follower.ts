import { appendFileSync, readFileSync } from "node:fs";
import { backoffMs, type Clock, codeOf, type Log, messageOf } from "@holdfast/kernel";
import type { DockerApi } from "./docker/docker-api.ts";
import { positionIn, type Written } from "./output-position.ts";

/** The engine may have been restarted: it is asked again soon, then seldom. */
const again = { initialMs: 100, maxMs: 5_000, factor: 2 } as const;

/**
 * Appends a container's output to a file until the container has ended, or until stopped. A connection that breaks is made
 * again where it broke, also by another agent. A disk that refuses costs lines, never the instance.
 */
export class OutputFollower {
  readonly #clock: Clock;
  readonly #api: DockerApi;
  readonly #log: Log;
  readonly #name: string;
  readonly #file: string;
  readonly #stop = new AbortController();
  readonly #following = new AbortController();
  #ended = false;
  #problem = "";
  /** Resolves when nothing more will be written. */
  readonly finished: Promise<void>;

  constructor(clock: Clock, log: Log, api: DockerApi, name: string, file: string) {
    this.#clock = clock;
    this.#log = log;
    this.#api = api;
    this.#name = name;
    this.#file = file;
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
        if (last) this.#append(await this.#missing(signal));
        else await this.#follow(this.#following.signal);
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

  /** What the engine has, and we have not. */
  async #missing(signal: AbortSignal): Promise<Buffer> {
    const chunks: Buffer[] = [];
    await this.#api.logs(this.#name, { follow: false }, (content) => chunks.push(Buffer.from(content)), signal);
    const output = Buffer.concat(chunks);
    return output.subarray(positionIn(output, this.#written()));
  }

  /** From where we are until the container has ended, or the connection. */
  async #follow(signal: AbortSignal): Promise<void> {
    const { file, cut } = this.#written();
    let skip = 0;
    if (file.length > 0 || cut !== undefined) {
      const chunks: Buffer[] = [];
      await this.#api.logs(this.#name, { follow: false }, (content) => chunks.push(Buffer.from(content)), signal);
      skip = positionIn(Buffer.concat(chunks), { file, cut });
    }
    const onContent = (content: Buffer): void => {
      const known = Math.min(skip, content.length);
      skip -= known;
      if (known < content.length) this.#append(content.subarray(known));
    };
    await this.#api.logs(this.#name, { follow: true }, onContent, signal);
  }

  #written(): Written {
    return { file: read(this.#file) ?? Buffer.alloc(0), cut: read(`${this.#file}.1`) };
  }

  #append(content: Buffer): void {
    if (content.length === 0) return;
    try {
      appendFileSync(this.#file, content, { mode: 0o640 });
      this.#problem = "";
    } catch (error) {
      const problem = messageOf(error);
      if (problem !== this.#problem) this.#log.warn("container.output.not-written", { path: this.#file, problem });
      this.#problem = problem;
    }
  }
}

/** `undefined` when there is no such file. */
function read(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
