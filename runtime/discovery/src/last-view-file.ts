import { hash } from "node:crypto";
import { readFileSync, renameSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { type Clock, type Log, messageOf, type Timer } from "@holdfast/kernel";
import type { InstanceRecord } from "@holdfast/wire";
import { readRecords } from "./messages.ts";

/** Between two writes; a view that changes all the time must not keep the disk busy. */
const writeEveryMs = 5_000;
/** How exactly the file's time says when its content was last known to be true. */
const confirmEveryMs = 60_000;
const bytesMax = 64 * 1024 * 1024;

export interface LastView {
  readonly instances: readonly InstanceRecord[];
  /** Wall ms: a registry last said so then, or up to a minute later. */
  readonly sinceMs: number;
}

/**
 * Keeps the last view on disk for a process that starts while every registry is down. The file's modification time says
 * when the view was last known to be true. A bad disk is only logged.
 */
export class LastViewFile {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #log: Log;
  #timer: Timer | undefined;
  #written = "";
  #confirmedMs = 0;

  constructor(path: string, clock: Clock, log: Log) {
    this.#path = path;
    this.#clock = clock;
    this.#log = log;
  }

  /** What the file holds, or `undefined` when there is none or it cannot be read. */
  read(): LastView | undefined {
    try {
      const { size, mtimeMs } = statSync(this.#path);
      if (size > bytesMax) throw new RangeError(`${size} bytes are more than ${bytesMax}`);
      const instances = readRecords(JSON.parse(readFileSync(this.#path, "utf8")));
      return { instances, sinceMs: Math.round(mtimeMs) };
    } catch (error) {
      this.#log.debug("discovery.last-view.unreadable", { path: this.#path, reason: messageOf(error) });
      return undefined;
    }
  }

  /** Writes what `view` gives, at most each five seconds. */
  schedule(view: () => readonly InstanceRecord[]): void {
    this.#timer ??= this.#clock.after(writeEveryMs, () => {
      this.#timer = undefined;
      this.#write(view());
    });
  }

  /** Notes, at most once a minute, that what was written is still what the registry says. */
  confirm(): void {
    const nowMs = this.#clock.monotonicMs();
    if (this.#written === "" || this.#timer !== undefined || nowMs - this.#confirmedMs < confirmEveryMs) return;
    this.#stamp(nowMs);
  }

  close(): void {
    this.#timer?.cancel();
  }

  #write(instances: readonly InstanceRecord[]): void {
    const text = JSON.stringify(instances);
    if (text.length > bytesMax) return;
    // Not the text itself: it is as large as the view.
    const digest = hash("sha256", text);
    if (digest === this.#written) return;
    const temporary = `${this.#path}.${process.pid}`;
    try {
      writeFileSync(temporary, text, { mode: 0o600 });
      renameSync(temporary, this.#path);
      this.#written = digest;
      this.#stamp(this.#clock.monotonicMs());
    } catch (error) {
      this.#log.warn("discovery.last-view.unwritable", { path: this.#path, reason: messageOf(error) });
    }
  }

  #stamp(nowMs: number): void {
    this.#confirmedMs = nowMs;
    const seconds = this.#clock.wallMs() / 1_000;
    try {
      utimesSync(this.#path, seconds, seconds);
    } catch (error) {
      this.#log.debug("discovery.last-view.not-confirmed", { path: this.#path, reason: messageOf(error) });
    }
  }
}
