import type { Cursor, DeltaMessage, InstanceRecord } from "@holdfast/wire";

/** A change as listeners get it, with its place in this peer's history. */
export interface Change {
  readonly sequence: number;
  /** Wall ms at this peer, as in its event log. */
  readonly atMs: number;
  readonly app: string;
  readonly id: InstanceRecord["id"];
  /** Who did it: `instance`, `operator`, `lease`, `probe`, or a peer. */
  readonly by: string;
  /** As it was shown before; absent when it is new. */
  readonly before?: InstanceRecord;
  readonly upsert?: InstanceRecord;
  readonly removal?: { readonly app: string; readonly id: InstanceRecord["id"]; readonly cause: string };
}

/** Where to look back to: a place in the history, or a moment (wall ms at this peer). */
export type Moment = { readonly sequence: number } | { readonly atMs: number };

/** The latest changes of one peer, numbered from 1: for listeners that were away, and to look back. */
export class History {
  readonly #peer: string;
  readonly #epoch: number;
  readonly #max: number;
  readonly #startMs: number;
  /** A ring: the change with sequence s is at s % max. */
  readonly #changes: (Change | undefined)[] = [];
  #sequence = 0;

  /** `epoch` tells this life of the peer from its earlier ones; `max` changes are kept. */
  constructor(peer: string, epoch: number, max: number, startMs = epoch) {
    this.#peer = peer;
    this.#epoch = epoch;
    this.#max = max;
    this.#startMs = startMs;
  }

  get cursor(): Cursor {
    return { peer: this.#peer, epoch: this.#epoch, sequence: this.#sequence };
  }

  add(what: Omit<Change, "sequence">): Change {
    this.#sequence += 1;
    const change: Change = { sequence: this.#sequence, ...what };
    this.#changes[this.#sequence % this.#max] = change;
    return change;
  }

  /** The changes after `cursor`, or `undefined` when they are not all known any more (or never were ours). */
  since(cursor: Cursor): readonly Change[] | undefined {
    const { sequence } = cursor;
    if (cursor.peer !== this.#peer || cursor.epoch !== this.#epoch || sequence > this.#sequence) return undefined;
    if (sequence + 1 < this.#oldest) return undefined;
    return this.#slice(sequence + 1);
  }

  /**
   * What was shown at a moment: `now` with every later change undone. `undefined` when that is longer ago than the
   * history reaches.
   */
  at(moment: Moment, now: Iterable<InstanceRecord>): InstanceRecord[] | undefined {
    const first = "sequence" in moment ? moment.sequence + 1 : this.#firstAfter(moment.atMs);
    if (first === undefined || first < this.#oldest || first > this.#sequence + 1) return undefined;
    const shown = new Map(Array.from(now, (record) => [`${record.app}/${record.id}`, record]));
    for (const change of this.#slice(first).reverse()) {
      const key = `${change.app}/${change.id}`;
      if (change.before === undefined) shown.delete(key);
      else shown.set(key, change.before);
    }
    return [...shown.values()];
  }

  get #oldest(): number {
    return Math.max(1, this.#sequence - this.#max + 1);
  }

  #slice(first: number): Change[] {
    const changes: Change[] = [];
    for (let sequence = first; sequence <= this.#sequence; sequence++) {
      const change = this.#changes[sequence % this.#max];
      if (change !== undefined) changes.push(change);
    }
    return changes;
  }

  /** A wall clock that was set back passes the same moment twice: the latest time counts. */
  #firstAfter(atMs: number): number | undefined {
    for (let sequence = this.#sequence; sequence >= this.#oldest; sequence--) {
      if ((this.#changes[sequence % this.#max]?.atMs ?? 0) <= atMs) return sequence + 1;
    }
    // Before the oldest change that is kept lies what was forgotten, unless nothing was.
    return this.#oldest === 1 && atMs >= this.#startMs ? 1 : undefined;
  }
}

/** The one message that says where all of `changes` lead: the last word on each instance. */
export function deltaOf(changes: readonly Change[], cursor: string, ack: boolean): DeltaMessage {
  const last = new Map<string, Change>();
  for (const change of changes) last.set(`${change.app}/${change.id}`, change);
  const upserts: InstanceRecord[] = [];
  const removals: DeltaMessage["removals"][number][] = [];
  for (const { upsert, removal } of last.values()) {
    if (upsert !== undefined) upserts.push(upsert);
    if (removal !== undefined) removals.push(removal);
  }
  return ack ? { cursor, upserts, removals, ack } : { cursor, upserts, removals };
}
