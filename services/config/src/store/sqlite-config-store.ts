import { existsSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { type Clock, PlatformError } from "@holdfast/kernel";
import type { Change } from "../change.ts";
import type { ChangeQuery, ConfigOpening, ConfigStore, ConfigWrite } from "./config-store.ts";
import type { SqliteAnswer, SqliteRequest, SqliteWorkerData } from "./sqlite-protocol.ts";

export interface SqliteConfigStoreOptions {
  /** The file never grows beyond this, in bytes; writes fail then as on a full disk. */
  readonly bytesMax: number;
}

/** 1 GiB: 100,000 values of a kilobyte, each changed four times over. */
export const sqliteConfigStoreDefaults: SqliteConfigStoreOptions = { bytesMax: 1024 * 1024 * 1024 };

type Question = SqliteRequest extends infer R ? (R extends SqliteRequest ? Omit<R, "id"> : never) : never;

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * State in one SQLite file, in a worker thread. WAL, synchronous NORMAL: what `write` resolved for survives the death of
 * the process; the last moments before a power cut may be lost, never half a change.
 */
export class SqliteConfigStore implements ConfigStore {
  readonly #data: SqliteWorkerData;
  #worker: Worker | undefined;
  #nextId = 1;
  readonly #waiting = new Map<number, Waiting>();

  constructor(clock: Clock, file: string, options: Partial<SqliteConfigStoreOptions> = {}) {
    this.#data = { ...sqliteConfigStoreDefaults, ...options, file, startedAtMs: clock.wallMs() };
  }

  async open(): Promise<ConfigOpening> {
    return (await this.#ask({ op: "open" })) as ConfigOpening;
  }

  async write(writes: readonly ConfigWrite[]): Promise<void> {
    await this.#ask({ op: "write", writes });
  }

  async changes(query: ChangeQuery): Promise<Change[]> {
    return (await this.#ask({ op: "changes", query })) as Change[];
  }

  async close(): Promise<void> {
    if (this.#worker === undefined) return;
    await this.#ask({ op: "close" });
    await this.#worker?.terminate();
    this.#worker = undefined;
  }

  #ask(question: Question): Promise<unknown> {
    const worker = (this.#worker ??= this.#start());
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ ...question, id });
    });
  }

  #start(): Worker {
    const worker = new Worker(workerEntry(), {
      workerData: this.#data,
      execArgv: [],
      name: "config-sqlite",
      // A start reads every value at once; otherwise it holds one change at a time.
      resourceLimits: { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 256 },
    });
    // Nothing waits for the disk alone.
    worker.unref();
    worker.on("message", (answer: SqliteAnswer) => {
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if (answer.ok) waiting?.resolve(answer.value);
      else waiting?.reject(new PlatformError("STATE_FAILED", answer.message));
    });
    const fail = (error: Error): void => {
      if (this.#worker === worker) this.#worker = undefined;
      for (const waiting of this.#waiting.values()) waiting.reject(error);
      this.#waiting.clear();
    };
    worker.on("error", fail);
    worker.on("exit", (code) => fail(new PlatformError("STATE_FAILED", `the state thread ended with ${code}`)));
    return worker;
  }
}

/** Beside the bundle when there is one, else our own source. */
function workerEntry(): URL {
  const bundled = new URL("./config-worker.mjs", import.meta.url);
  return existsSync(bundled) ? bundled : new URL("./config-worker.ts", import.meta.url);
}
