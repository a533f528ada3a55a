import { type Clock, type Log, messageOf, type Timer } from "@holdfast/kernel";
import type { Config } from "../core/config.ts";
import type { Layer } from "../core/layers.ts";
import { applyParsed, parseConfigText } from "./config-file.ts";
import { type Disk, systemDisk } from "./disk.ts";

export interface FileSourceOptions {
  readonly layer: Layer;
  /** Looked at so often even when the system says nothing, in ms. Default 5 000; 0: never. */
  readonly lookEveryMs: number;
  /** An editor writes in several steps: so long after the last one it is read, in ms. Default 50. */
  readonly settleMs: number;
  readonly disk: Disk;
}

const defaults: FileSourceOptions = { layer: "application", lookEveryMs: 5_000, settleMs: 50, disk: systemDisk };

/**
 * A file whose values are in a configuration and follow it when it changes. One that cannot be read changes nothing: the
 * last good values stay, and `problem` (and the log) says what is wrong with file, line and key.
 */
export class FileSource {
  readonly path: string;
  readonly #config: Config;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #options: FileSourceOptions;
  #stamp: string | undefined;
  #problem: string | undefined;
  #settling: Timer | undefined;
  #looking: Timer | undefined;
  #unwatch: () => void = () => {};

  constructor(config: Config, path: string, clock: Clock, log: Log, options: Partial<FileSourceOptions> = {}) {
    this.#config = config;
    this.path = path;
    this.#clock = clock;
    this.#log = log;
    this.#options = { ...defaults, ...options };
  }

  /** Why its values are not those of the file. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Reads it now. A file that is not there says nothing. @throws ConfigFileError */
  load(): void {
    const { disk, layer } = this.#options;
    this.#stamp = disk.stamp(this.path);
    const text = disk.read(this.path);
    const parsed = text === undefined ? new Map() : parseConfigText(text, this.path);
    applyParsed(this.#config, layer, this.path, parsed);
    this.#problem = undefined;
  }

  /** Follows it from now on, until `stop`. Keeps no process alive. */
  watch(): void {
    const { disk, lookEveryMs } = this.#options;
    this.#unwatch = disk.watch(this.path, () => this.#maybeChanged());
    if (lookEveryMs > 0) this.#looking = this.#clock.every(lookEveryMs, () => this.#look());
  }

  stop(): void {
    this.#unwatch();
    this.#looking?.cancel();
    this.#settling?.cancel();
  }

  #maybeChanged(): void {
    this.#settling?.cancel();
    this.#settling = this.#clock.after(this.#options.settleMs, () => this.#look());
  }

  #look(): void {
    if (this.#options.disk.stamp(this.path) === this.#stamp) return;
    try {
      this.load();
      this.#log.info("config.file.read", { file: this.path });
    } catch (error) {
      const problem = messageOf(error);
      if (problem !== this.#problem) this.#log.warn("config.file.unreadable", { file: this.path, error });
      this.#problem = problem;
    }
  }
}
