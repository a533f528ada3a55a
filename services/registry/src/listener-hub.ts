import type { ServerResponse } from "node:http";
import type { Clock, Random, Timer } from "@holdfast/kernel";
import {
  type Cursor,
  encodeSse,
  formatCursor,
  type InstanceRecord,
  type SeenAnswer,
  type SnapshotMessage,
  sseHeartbeat,
} from "@holdfast/wire";
import { type Change, deltaOf } from "./history.ts";
import type { LeaseTable } from "./lease-table.ts";
import { isWanted, type ListenerFilter, wantedOf } from "./listener-filter.ts";
import { RegistryMeters } from "./registry-meters.ts";
import { SeenWaiters } from "./seen-waiters.ts";

export type { ListenerFilter } from "./listener-filter.ts";

/** A listener that has not read so much gets no more: it is cut off and comes back for a fresh snapshot. */
const backlogBytesMax = 1024 * 1024;
const heartbeatMs = 3_000;
/** A snapshot keeps what it shows in memory: whoever has not read it in so long is cut off. 4 MB at 1 Mbit/s. */
const openingMaxMs = 30_000;
/** Changes that come together go out together. */
const coalesceMs = 2;
/** So many writes take one or two milliseconds: then others have their turn. */
const writesPerSlice = 100;
/** Of a snapshot: so many characters, then others have their turn. */
const charsPerSlice = 256 * 1024;

interface Listener {
  readonly id: string;
  readonly response: ServerResponse;
  readonly filter: ListenerFilter;
  /** It has been sent everything up to here. */
  sequence: number;
  /** Its snapshot is still being written … */
  opening: boolean;
  /** … since then. */
  readonly openedAtMs: number;
}

/** What goes out to everybody at once. */
interface Frame {
  readonly changes: readonly Change[];
  readonly cursor: string;
  readonly sequence: number;
  /** For those who want everything. */
  readonly whole: string;
  /** Who is to say that it has applied it, also when there is nothing in it for them. */
  readonly awaited: ReadonlySet<string> | undefined;
  /** Who is still to get it. */
  readonly to: Iterator<Listener>;
}

/** All open streams of one registry: snapshot first, then deltas; knows who has applied what. */
export class ListenerHub {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #listeners = new Map<string, Listener>();
  readonly #waiters: SeenWaiters;
  readonly #meters: RegistryMeters;
  readonly #heartbeat: Timer;
  /** Texts of records, kept for as long as the records: many listeners ask for the same. */
  readonly #texts = new WeakMap<InstanceRecord, string>();
  #pending: Change[] = [];
  #frames: Frame[] = [];
  #flushTimer: Timer | undefined;
  #pumpTimer: Timer | undefined;
  #beatTimer: Timer | undefined;
  /** Changes wait in the table's order until the frames before them are out: the slower it goes, the more go together. */
  #waiting: LeaseTable | undefined;

  constructor(clock: Clock, random: Random, meters: RegistryMeters = new RegistryMeters()) {
    this.#meters = meters;
    this.#clock = clock;
    this.#random = random;
    this.#waiters = new SeenWaiters(clock);
    this.#heartbeat = clock.every(heartbeatMs, () => this.#beat());
  }

  get size(): number {
    return this.#listeners.size;
  }

  /** Opens a stream on `response`: with what it missed for a listener that resumes at a cursor of ours, else with all. */
  open(table: LeaseTable, response: ServerResponse, filter: ListenerFilter, ageMs: number, resume?: Cursor): void {
    const listener: Listener = {
      id: this.#random.hex(8),
      response,
      filter,
      sequence: table.cursor.sequence,
      opening: false,
      openedAtMs: this.#clock.monotonicMs(),
    };
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.on("error", () => {});
    response.on("close", () => this.#drop(listener));
    this.#listeners.set(listener.id, listener);
    const missed = resume === undefined ? undefined : table.since(resume);
    if (missed === undefined) return this.#openWithSnapshot(table, listener, ageMs);
    const cursor = formatCursor(table.cursor);
    const wanted = wantedOf(filter, missed);
    const delta = { ...deltaOf(wanted, cursor, false), listener: listener.id };
    response.write(encodeSse({ event: "delta", id: cursor, data: JSON.stringify(delta) }));
  }

  /** Queues a change; it goes out within two milliseconds. */
  add(change: Change, table: LeaseTable): void {
    this.#pending.push(change);
    this.#flushTimer ??= this.#clock.after(coalesceMs, () => this.flush(table));
  }

  /** Starts sending what is queued now. */
  flush(table: LeaseTable): void {
    this.#flushTimer?.cancel();
    this.#flushTimer = undefined;
    if (this.#frames.length > 0) {
      this.#waiting = table;
      return;
    }
    if (this.#pending.length > 0) this.#frame(table, undefined);
  }

  /** Waits until every listener that wants `app` has applied all that happened up to now. */
  flushAndAwait(table: LeaseTable, app: string, awaitSeenMs: number): Promise<SeenAnswer> {
    const awaited = new Set<string>();
    for (const { id, filter } of this.#listeners.values()) {
      if (filter.apps === undefined || filter.apps.has(app)) awaited.add(id);
    }
    const seen = this.#waiters.wait(table.cursor.sequence, awaited, awaitSeenMs);
    // One that is being sent its snapshot is asked after it.
    this.#frame(table, awaited);
    return seen;
  }

  acknowledge(listenerId: string, sequence: number): boolean {
    if (!this.#listeners.has(listenerId)) return false;
    this.#waiters.acknowledge(listenerId, sequence);
    return true;
  }

  /** Ends all streams, so that their listeners go on with another peer now. */
  endStreams(): void {
    this.#pump(Number.POSITIVE_INFINITY);
    for (const listener of this.#listeners.values()) {
      this.#drop(listener);
      listener.response.end();
    }
  }

  close(): void {
    for (const timer of [this.#heartbeat, this.#beatTimer, this.#flushTimer, this.#pumpTimer]) timer?.cancel();
    this.#waiters.close();
    for (const listener of this.#listeners.values()) listener.response.destroy();
  }

  /** Everything that waits goes out as one frame, after those before it. */
  #frame(table: LeaseTable, awaited: ReadonlySet<string> | undefined): void {
    this.#flushTimer?.cancel();
    this.#flushTimer = undefined;
    this.#waiting = undefined;
    const changes = this.#pending;
    this.#pending = [];
    if (this.#listeners.size === 0) return;
    const cursor = formatCursor(table.cursor);
    const data = JSON.stringify(deltaOf(changes, cursor, awaited !== undefined));
    const whole = encodeSse({ event: "delta", id: cursor, data });
    const { sequence } = table.cursor;
    this.#frames.push({ changes, cursor, sequence, whole, awaited, to: this.#listeners.values() });
    if (this.#pumpTimer === undefined) this.#pump(writesPerSlice);
  }

  /** Writes frames in their order, `budget` writes before others have their turn. */
  #pump(budget: number): void {
    this.#pumpTimer?.cancel();
    this.#pumpTimer = undefined;
    let left = budget;
    for (let frame = this.#frames[0]; frame !== undefined; frame = this.#frames[0]) {
      const next = frame.to.next();
      if (next.done === true) {
        this.#frames.shift();
        continue;
      }
      const { id, opening, sequence } = next.value;
      // One that opened or resumed since then knows already.
      if (opening || (sequence >= frame.sequence && frame.awaited?.has(id) !== true)) continue;
      this.#send(next.value, frame);
      left -= 1;
      if (left > 0) continue;
      this.#pumpTimer = this.#clock.after(0, () => this.#pump(writesPerSlice));
      return;
    }
    const table = this.#waiting;
    this.#waiting = undefined;
    if (table !== undefined) this.flush(table);
  }

  #send(listener: Listener, frame: Frame): void {
    const { response, filter } = listener;
    listener.sequence = frame.sequence;
    if (response.writableLength > backlogBytesMax) return this.#cut(response);
    const isAsked = frame.awaited?.has(listener.id) === true;
    const wantsAll = filter.apps === undefined && filter.vips === undefined;
    const wanted = wantsAll ? frame.changes : wantedOf(filter, frame.changes);
    if (wanted.length === 0 && !isAsked) return;
    this.#meters.deltas.increment();
    if (wantsAll && isAsked === (frame.awaited !== undefined)) return void response.write(frame.whole);
    const data = JSON.stringify(deltaOf(wanted, frame.cursor, isAsked));
    response.write(encodeSse({ event: "delta", id: frame.cursor, data }));
  }

  /** A snapshot of many is written piece by piece; what happens meanwhile follows it as one delta. */
  #openWithSnapshot(table: LeaseTable, listener: Listener, ageMs: number): void {
    const { response, filter } = listener;
    const cursor = table.cursor;
    const text = formatCursor(cursor);
    const records = table.records().filter((record) => isWanted(filter, record));
    const head: Omit<SnapshotMessage, "instances"> = { cursor: text, listener: listener.id, ageMs: Math.round(ageMs) };
    let piece = `event: snapshot\nid: ${text}\ndata: ${JSON.stringify(head).slice(0, -1)},"instances":[`;
    let index = 0;
    const slice = (): void => {
      for (; index < records.length; index++) {
        const record = records[index];
        if (record === undefined) break;
        piece += `${index === 0 ? "" : ","}${this.#textOf(record)}`;
        if (piece.length < charsPerSlice) continue;
        index += 1;
        this.#meters.snapshotBytes.increment(piece.length);
        const drained = response.write(piece);
        piece = "";
        if (response.destroyed) return;
        if (drained) this.#clock.after(0, slice);
        else response.once("drain", slice);
        return;
      }
      piece += "]}\n\n";
      this.#meters.snapshotBytes.increment(piece.length);
      response.write(piece);
      this.#opened(table, listener, cursor);
    };
    this.#meters.snapshots.increment();
    listener.opening = true;
    slice();
  }

  #opened(table: LeaseTable, listener: Listener, since: Cursor): void {
    listener.opening = false;
    if (table.cursor.sequence === since.sequence && !this.#waiters.isAwaited(listener.id)) return;
    const missed = table.since(since);
    if (missed === undefined) {
      listener.response.destroy();
      return;
    }
    const cursor = formatCursor(table.cursor);
    const wanted = wantedOf(listener.filter, missed);
    const delta = deltaOf(wanted, cursor, this.#waiters.isAwaited(listener.id));
    listener.sequence = table.cursor.sequence;
    listener.response.write(encodeSse({ event: "delta", id: cursor, data: JSON.stringify(delta) }));
  }

  #textOf(record: InstanceRecord): string {
    let text = this.#texts.get(record);
    if (text === undefined) {
      text = JSON.stringify(record);
      this.#texts.set(record, text);
    }
    return text;
  }

  /** Tells all, a slice of them at a time, that we are there. */
  #beat(to: Iterator<Listener> = this.#listeners.values()): void {
    const openSinceMs = this.#clock.monotonicMs() - openingMaxMs;
    for (let left = writesPerSlice; left > 0; left -= 1) {
      const next = to.next();
      if (next.done === true) return;
      const { response, opening, openedAtMs } = next.value;
      const isStuck = opening && openedAtMs < openSinceMs;
      if (isStuck || response.writableLength > backlogBytesMax) this.#cut(response);
      else if (!opening) response.write(sseHeartbeat);
    }
    this.#beatTimer = this.#clock.after(0, () => this.#beat(to));
  }

  #cut(response: ServerResponse): void {
    this.#meters.cut.increment();
    response.destroy();
  }

  /** One that went away can call nobody: it has seen enough. */
  #drop(listener: Listener): void {
    this.#listeners.delete(listener.id);
    this.#waiters.gone(listener.id);
  }
}
