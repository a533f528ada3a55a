import { type Clock, type Log, messageOf, type Random, type Timer } from "@holdfast/kernel";
import type { DeploymentContext } from "@holdfast/wire";
import type { Config } from "../core/config.ts";
import type { Layer, Value } from "../core/layers.ts";
import { flatten } from "./flatten.ts";
import { type HttpGet, httpGet } from "./http-get.ts";
import { effectiveRows, readRows } from "./scoped-rows.ts";

export interface PolledSourceOptions {
  readonly layer: Layer;
  /** Default 30 000 (Archaius 2's example; Archaius 1: 60 000). Up to a tenth more by chance, so that callers spread. */
  readonly everyMs: number;
  readonly timeoutMs: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly context: DeploymentContext;
  readonly get: HttpGet;
}

const bytesMax = 16 * 1024 * 1024;
const defaults: PolledSourceOptions = {
  layer: "remote",
  everyMs: 30_000,
  timeoutMs: 5_000,
  headers: {},
  context: {},
  get: httpGet,
};

/**
 * A URL asked again and again: Archaius's `propertiesList`, of which the rows for this deployment context count, or plain
 * JSON. While it fails, the last good values stay; `staleSinceMs` says since when.
 */
export class PolledSource {
  readonly #config: Config;
  readonly #url: string;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Log;
  readonly #options: PolledSourceOptions;
  #timer: Timer | undefined;
  #stopped = false;
  #problem: string | undefined;
  #freshAtMs: number;

  constructor(
    config: Config,
    url: string,
    clock: Clock,
    random: Random,
    log: Log,
    options: Partial<PolledSourceOptions> = {},
  ) {
    this.#config = config;
    this.#url = url;
    this.#clock = clock;
    this.#random = random;
    this.#log = log;
    this.#options = { ...defaults, ...options };
    this.#freshAtMs = clock.monotonicMs();
  }

  get problem(): string | undefined {
    return this.#problem;
  }

  /** How old what is known is, in ms. */
  get ageMs(): number {
    return this.#clock.monotonicMs() - this.#freshAtMs;
  }

  /** Asks now and again and again. Resolves after the first time, whatever came of it. */
  async start(): Promise<void> {
    await this.#poll();
    if (this.#stopped) return;
    const { everyMs } = this.#options;
    this.#timer = this.#clock.every(everyMs * (1 + this.#random.next() / 10), () => void this.#poll());
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #poll(): Promise<void> {
    const { get, timeoutMs, headers, layer } = this.#options;
    try {
      const text = await get(this.#url, { timeoutMs, headers, bytesMax });
      if (this.#stopped) return;
      this.#config.replace(layer, this.#url, this.#read(text));
      this.#freshAtMs = this.#clock.monotonicMs();
      this.#problem = undefined;
    } catch (error) {
      const problem = messageOf(error);
      if (problem !== this.#problem) this.#log.warn("config.source.failed", { url: this.#url, error });
      this.#problem = problem;
    }
  }

  #read(text: string): ReadonlyMap<string, { value: Value }> {
    if (/^\s*\{\s*"propertiesList"/.test(text)) return effectiveRows(readRows(text), this.#options.context);
    const read: unknown = JSON.parse(text);
    if (typeof read !== "object" || read === null || Array.isArray(read)) throw new TypeError("is no object of keys");
    return flatten(read);
  }
}
