import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { type Clock, type Log, messageOf, type Timer } from "@holdfast/kernel";
import type { InstanceRecord } from "@holdfast/wire";

/** Between two writes; a view that changes all the time must not keep the disk busy. */
const writeEveryMs = 5_000;
const bytesMax = 64 * 1024 * 1024;

/** Keeps the last view on disk for a process that starts while every registry is down. A bad disk is only logged. */
export class LastViewFile {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #log: Log;
  #timer: Timer | undefined;
  #written = "";

  constructor(path: string, clock: Clock, log: Log) {
    this.#path = path;
    this.#clock = clock;
    this.#log = log;
  }

  /** What the file holds; nothing when there is none or it cannot be read. */
  read(): readonly InstanceRecord[] {
    try {
      const content: unknown = JSON.parse(readFileSync(this.#path, "utf8"));
      return Array.isArray(content) ? content.filter(isRecord) : [];
    } catch (error) {
      this.#log.debug("discovery.last-view.unreadable", { path: this.#path, reason: messageOf(error) });
      return [];
    }
  }

  /** Writes what `view` gives, at most each five seconds. */
  schedule(view: () => readonly InstanceRecord[]): void {
    this.#timer ??= this.#clock.after(writeEveryMs, () => {
      this.#timer = undefined;
      this.#write(view());
    });
  }

  close(): void {
    this.#timer?.cancel();
  }

  #write(instances: readonly InstanceRecord[]): void {
    const text = JSON.stringify(instances);
    if (text === this.#written || text.length > bytesMax) return;
    const temporary = `${this.#path}.${process.pid}`;
    try {
      writeFileSync(temporary, text, { mode: 0o600 });
      renameSync(temporary, this.#path);
      this.#written = text;
    } catch (error) {
      this.#log.warn("discovery.last-view.unwritable", { path: this.#path, reason: messageOf(error) });
    }
  }
}

function isRecord(value: unknown): value is InstanceRecord {
  if (typeof value !== "object" || value === null) return false;
  return "app" in value && "id" in value && "address" in value && "port" in value && "status" in value;
}
