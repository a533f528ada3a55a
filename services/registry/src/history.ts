import type { InstanceId } from "@holdfast/kernel";
import type { Cursor, DeltaMessage, InstanceRecord } from "@holdfast/wire";

/** A change as listeners get it, with its place in this peer's history. */
export interface Change {
  readonly sequence: number;
  readonly upsert?: InstanceRecord;
  readonly removal?: { readonly app: string; readonly id: InstanceId; readonly cause: string };
}

/** The latest changes of one peer, numbered from 1, so that a listener that was away gets only what it missed. */
export class History {
  readonly #peer: string;
  readonly #epoch: number;
  readonly #max: number;
  readonly #changes: Change[] = [];
  #sequence = 0;

  /** `epoch` tells this life of the peer from its earlier ones; `max` changes are kept. */
  constructor(peer: string, epoch: number, max: number) {
    this.#peer = peer;
    this.#epoch = epoch;
    this.#max = max;
  }

  get cursor(): Cursor {
    return { peer: this.#peer, epoch: this.#epoch, sequence: this.#sequence };
  }

  add(what: Pick<Change, "upsert"> | Pick<Change, "removal">): Change {
    this.#sequence += 1;
    const change: Change = { sequence: this.#sequence, ...what };
    this.#changes.push(change);
    if (this.#changes.length > this.#max) this.#changes.shift();
    return change;
  }

  /** The changes after `cursor`, or `undefined` when they are not all known any more (or never were ours). */
  since(cursor: Cursor): readonly Change[] | undefined {
    if (cursor.peer !== this.#peer || cursor.epoch !== this.#epoch || cursor.sequence > this.#sequence) {
      return undefined;
    }
    const oldest = this.#changes[0]?.sequence ?? this.#sequence + 1;
    if (cursor.sequence + 1 < oldest) return undefined;
    return this.#changes.slice(cursor.sequence + 1 - oldest);
  }
}

/** The one message that says where all of `changes` lead: the last word on each instance. */
export function deltaOf(changes: readonly Change[], cursor: string, ack: boolean): DeltaMessage {
  const last = new Map<InstanceId, Change>();
  for (const change of changes) {
    const id = change.upsert?.id ?? change.removal?.id;
    if (id !== undefined) last.set(id, change);
  }
  const kept = [...last.values()];
  const upserts = kept.flatMap((change) => (change.upsert === undefined ? [] : [change.upsert]));
  const removals = kept.flatMap((change) => (change.removal === undefined ? [] : [change.removal]));
  return ack ? { cursor, upserts, removals, ack } : { cursor, upserts, removals };
}
