import type { ServerResponse } from "node:http";
import type { Clock, Random, Timer } from "@holdfast/kernel";
import {
  type Cursor,
  encodeSse,
  formatCursor,
  type SeenAnswer,
  type SnapshotMessage,
  sseHeartbeat,
} from "@holdfast/wire";
import { type Change, deltaOf } from "./history.ts";
import type { LeaseTable } from "./lease-table.ts";

/** A listener that has not read so much gets no more: it is cut off and comes back for a fresh snapshot. */
const backlogBytesMax = 1024 * 1024;
const heartbeatMs = 3_000;
/** Changes that come together go out together. */
const coalesceMs = 2;

interface Listener {
  readonly id: string;
  readonly response: ServerResponse;
  readonly apps: ReadonlySet<string> | undefined;
}

interface Waiter {
  readonly sequence: number;
  readonly awaited: Set<string>;
  readonly total: number;
  readonly done: (answer: SeenAnswer) => void;
  readonly timer: Timer;
}

/** All open streams of one registry: snapshot first, then deltas; knows who has applied what. */
export class ListenerHub {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #listeners = new Map<string, Listener>();
  readonly #waiters = new Set<Waiter>();
  readonly #heartbeat: Timer;
  #pending: Change[] = [];
  #flushTimer: Timer | undefined;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
    this.#heartbeat = clock.every(heartbeatMs, () => this.#beat());
  }

  get size(): number {
    return this.#listeners.size;
  }

  /** Opens a stream on `response`: with what it missed for a listener that resumes at a cursor of ours, else with all. */
  open(table: LeaseTable, response: ServerResponse, apps: ReadonlySet<string> | undefined, resume?: Cursor): void {
    const listener: Listener = { id: this.#random.hex(8), response, apps };
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    this.flush(table);
    const cursor = formatCursor(table.cursor);
    const missed = resume === undefined ? undefined : table.since(resume);
    const head = { cursor, listener: listener.id };
    if (missed === undefined) {
      const instances = table.records().filter((record) => isWanted(apps, record.app));
      const snapshot: SnapshotMessage = { ...head, instances };
      response.write(encodeSse({ event: "snapshot", id: cursor, data: JSON.stringify(snapshot) }));
    } else {
      const wanted = missed.filter((change) => isWanted(apps, appOf(change)));
      const delta = { ...head, ...deltaOf(wanted, cursor, false) };
      response.write(encodeSse({ event: "delta", id: cursor, data: JSON.stringify(delta) }));
    }
    this.#listeners.set(listener.id, listener);
    response.on("error", () => {});
    response.on("close", () => this.#drop(listener));
  }

  /** Queues a change; it goes out within two milliseconds. */
  add(change: Change, table: LeaseTable): void {
    this.#pending.push(change);
    this.#flushTimer ??= this.#clock.after(coalesceMs, () => this.flush(table));
  }

  /** Sends what is queued now. */
  flush(table: LeaseTable): void {
    this.#flushTimer?.cancel();
    this.#flushTimer = undefined;
    const changes = this.#pending;
    if (changes.length === 0) return;
    this.#pending = [];
    const cursor = formatCursor(table.cursor);
    const whole = encodeSse({ event: "delta", id: cursor, data: JSON.stringify(deltaOf(changes, cursor, false)) });
    for (const listener of this.#listeners.values()) this.#send(listener, changes, cursor, whole);
  }

  /** Waits until every listener that wants `app` has applied all that happened up to now. */
  flushAndAwait(table: LeaseTable, app: string, awaitSeenMs: number): Promise<SeenAnswer> {
    this.flush(table);
    // A delta of its own, empty when the change has gone out before: what is asked for is the acknowledgement.
    const cursor = formatCursor(table.cursor);
    const data = JSON.stringify(deltaOf([], cursor, true));
    const question = encodeSse({ event: "delta", id: cursor, data });
    const awaited = new Set<string>();
    for (const listener of this.#listeners.values()) {
      if (!isWanted(listener.apps, app)) continue;
      awaited.add(listener.id);
      listener.response.write(question);
    }
    const total = awaited.size;
    if (total === 0) return Promise.resolve({ listeners: 0, seen: 0, complete: true });
    return new Promise((resolve) => {
      const timer = this.#clock.after(awaitSeenMs, () => this.#settle(waiter, false));
      const waiter: Waiter = { sequence: table.cursor.sequence, awaited, total, done: resolve, timer };
      this.#waiters.add(waiter);
    });
  }

  acknowledge(listenerId: string, sequence: number): boolean {
    if (!this.#listeners.has(listenerId)) return false;
    for (const waiter of this.#waiters) {
      if (sequence >= waiter.sequence) this.#strike(waiter, listenerId);
    }
    return true;
  }

  /** Ends all streams, so that their listeners go on with another peer now. */
  endStreams(): void {
    for (const listener of this.#listeners.values()) {
      this.#drop(listener);
      listener.response.end();
    }
  }

  close(): void {
    this.#heartbeat.cancel();
    this.#flushTimer?.cancel();
    for (const waiter of this.#waiters) this.#settle(waiter, false);
    for (const listener of this.#listeners.values()) listener.response.destroy();
  }

  #send(listener: Listener, changes: readonly Change[], cursor: string, whole: string): void {
    if (listener.response.writableLength > backlogBytesMax) {
      listener.response.destroy();
      return;
    }
    if (listener.apps === undefined) {
      listener.response.write(whole);
      return;
    }
    const wanted = changes.filter((change) => isWanted(listener.apps, appOf(change)));
    if (wanted.length === 0) return;
    const data = JSON.stringify(deltaOf(wanted, cursor, false));
    listener.response.write(encodeSse({ event: "delta", id: cursor, data }));
  }

  #beat(): void {
    for (const listener of this.#listeners.values()) {
      if (listener.response.writableLength > backlogBytesMax) listener.response.destroy();
      else listener.response.write(sseHeartbeat);
    }
  }

  /** One that went away can call nobody: it has seen enough. */
  #drop(listener: Listener): void {
    this.#listeners.delete(listener.id);
    for (const waiter of this.#waiters) this.#strike(waiter, listener.id);
  }

  #strike(waiter: Waiter, listenerId: string): void {
    waiter.awaited.delete(listenerId);
    if (waiter.awaited.size === 0) this.#settle(waiter, true);
  }

  #settle(waiter: Waiter, complete: boolean): void {
    if (!this.#waiters.delete(waiter)) return;
    waiter.timer.cancel();
    waiter.done({ listeners: waiter.total, seen: waiter.total - waiter.awaited.size, complete });
  }
}

function isWanted(apps: ReadonlySet<string> | undefined, app: string): boolean {
  return apps === undefined || apps.has(app);
}

function appOf(change: Change): string {
  return change.upsert?.app ?? change.removal?.app ?? "";
}
