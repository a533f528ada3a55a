import { existsSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { type Clock, PlatformError } from "@holdfast/kernel";
import type { ActivityView } from "@holdfast/wire/control";
import type { SqliteAnswer, SqliteRequest, SqliteWorkerData } from "./sqlite-protocol.ts";
import type { StateStore, StoreOpening, StoreWrite } from "./state-store.ts";

export interface SqliteStoreOptions {
  /** The state file never grows beyond this, in bytes; writes fail then as on a full disk. */
  readonly bytesMax: number;
}

/** 256 MiB: ten thousand activities and a hundred groups need about ten. */
export const sqliteStoreDefaults: SqliteStoreOptions = { bytesMax: 256 * 1024 * 1024 };

type Question = SqliteRequest extends infer R ? (R extends SqliteRequest ? Omit<R, "id"> : never) : never;

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * State in one SQLite file, in a worker thread. WAL, synchronous NORMAL: what `write` resolved for survives the death of
 * the process; the last moments before a power cut may be lost, never half a list of changes.
 */
export class SqliteStore implements StateStore {
  readonly #data: SqliteWorkerData;
  #worker: Worker | undefined;
  #nextId = 1;
  readonly #waiting = new Map<number, Waiting>();

  constructor(clock: Clock, file: string, options: Partial<SqliteStoreOptions> = {}) {
    this.#data = { ...sqliteStoreDefaults, ...options, file, startedAtMs: clock.wallMs() };
  }

  async open(activitiesMax: number): Promise<StoreOpening> {
    return (await this.#ask({ op: "open", activitiesMax })) as StoreOpening;
  }

  async write(changes: readonly StoreWrite[]): Promise<void> {
    await this.#ask({ op: "write", changes });
  }

  async activities(limit: number, before = Number.MAX_SAFE_INTEGER): Promise<ActivityView[]> {
    return (await this.#ask({ op: "activities", limit, before })) as ActivityView[];
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
      name: "sqlite",
      // It holds one batch of changes at a time; the default heap would cost 16 MB for nothing.
      resourceLimits: { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 64 },
    });
    // Nothing waits for the disk alone.
    worker.unref();
    worker.on("message", (answer: SqliteAnswer) => {
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if (answer.ok) waiting?.resolve(answer.value);
      else waiting?.reject(errorOf(answer.message, answer.errcode));
    });
    const fail = (error: Error): void => {
      if (this.#worker === worker) this.#worker = undefined;
      for (const waiting of this.#waiting.values()) waiting.reject(error);
      this.#waiting.clear();
    };
    worker.on("error", fail);
    worker.on("exit", (code) => fail(errorOf(`the state thread ended with ${code}`, undefined)));
    return worker;
  }
}

/** Beside the bundle when there is one, else our own source. */
function workerEntry(): URL {
  const bundled = new URL("./sqlite-worker.mjs", import.meta.url);
  return existsSync(bundled) ? bundled : new URL("./sqlite-worker.ts", import.meta.url);
}

// SQLITE_BUSY, SQLITE_LOCKED (sqlite3.h).
const heldCodes: readonly number[] = [5, 6];

function errorOf(message: string, errcode: number | undefined): PlatformError {
  if (errcode !== undefined && heldCodes.includes(errcode & 0xff)) {
    return new PlatformError("STATE_HELD", "another control holds this state", {
      details: { errcode },
      next: "holdfast doctor tells which; holdfast down ends it",
    });
  }
  return new PlatformError("STATE_FAILED", message, { details: { errcode } });
}
