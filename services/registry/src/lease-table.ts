import type { InstanceId } from "@holdfast/kernel";
import { type Cursor, type DeltaMessage, type InstanceRecord, type InstanceStatus, isNewer } from "@holdfast/wire";

export interface LeaseOptions {
  /** A lease not renewed for so long has expired. */
  readonly leaseMs: number;
  /** How long a removal is remembered, so that a late record does not resurrect it. */
  readonly tombstoneMs: number;
  /** A pause of our own longer than this extends every lease by the time lost. */
  readonly pauseMs: number;
  /** Changes kept for listeners that resume. */
  readonly historyMax: number;
}

/** Profile `fast`: three heartbeats of 3 s; ten minutes outlast any replication delay. */
export const leaseDefaults: LeaseOptions = {
  leaseMs: 9_000,
  tombstoneMs: 600_000,
  pauseMs: 2_000,
  historyMax: 4_096,
};

/** What one registry tells another about an instance. */
export type Replica =
  | { readonly kind: "record"; readonly record: InstanceRecord; readonly ageMs: number }
  | {
      readonly kind: "removal";
      readonly app: string;
      readonly id: InstanceId;
      readonly incarnation: number;
      readonly version: number;
      readonly cause: string;
    };

/** A change as listeners get it, with its place in this peer's history. */
export interface Change {
  readonly sequence: number;
  readonly upsert?: InstanceRecord;
  readonly removal?: { readonly app: string; readonly id: InstanceId; readonly cause: string };
}

interface Lease {
  record: InstanceRecord;
  renewedAtMs: number;
}

interface Tombstone {
  readonly app: string;
  readonly incarnation: number;
  readonly version: number;
  readonly atMs: number;
  readonly cause: string;
}

export type RegisterOutcome = "accepted" | "older";

/**
 * The registry's whole state and every decision about it: pure, told the time with each call (monotonic ms).
 * Records of an instance are ordered by (incarnation, version), removals too, so peers agree in whatever order they hear.
 */
export class LeaseTable {
  readonly #options: LeaseOptions;
  readonly #leases = new Map<InstanceId, Lease>();
  readonly #tombstones = new Map<InstanceId, Tombstone>();
  readonly #history: Change[] = [];
  readonly #onChange: (change: Change) => void;
  readonly #peer: string;
  readonly #epoch: number;
  #sequence = 0;
  #lastTickMs: number | undefined;

  constructor(peer: string, epoch: number, onChange: (change: Change) => void, options: LeaseOptions = leaseDefaults) {
    this.#peer = peer;
    this.#epoch = epoch;
    this.#onChange = onChange;
    this.#options = options;
  }

  get cursor(): Cursor {
    return { peer: this.#peer, epoch: this.#epoch, sequence: this.#sequence };
  }

  get size(): number {
    return this.#leases.size;
  }

  get(id: InstanceId): InstanceRecord | undefined {
    return this.#leases.get(id)?.record;
  }

  records(): InstanceRecord[] {
    return Array.from(this.#leases.values(), (lease) => lease.record);
  }

  /** Age in ms of the last renewal of `id`. */
  ageMs(id: InstanceId, nowMs: number): number | undefined {
    const lease = this.#leases.get(id);
    return lease === undefined ? undefined : nowMs - lease.renewedAtMs;
  }

  /** Registers or replaces. `older` when a later account of the same id is known, or it was removed since. */
  register(record: InstanceRecord, nowMs: number, ageMs = 0): RegisterOutcome {
    const known = this.#leases.get(record.id);
    if (known !== undefined && isNewer(known.record, record)) return "older";
    const tombstone = this.#tombstones.get(record.id);
    if (tombstone !== undefined && !isNewer(record, tombstone)) return "older";
    const renewedAtMs = Math.max(known?.renewedAtMs ?? Number.NEGATIVE_INFINITY, nowMs - ageMs);
    this.#tombstones.delete(record.id);
    if (known !== undefined && !isNewer(record, known.record)) {
      known.renewedAtMs = renewedAtMs;
      return "accepted";
    }
    this.#leases.set(record.id, { record, renewedAtMs });
    this.#changed({ upsert: record });
    return "accepted";
  }

  /** False when the instance must register (again): unknown, or known by an older account than it has of itself. */
  renew(id: InstanceId, account: Pick<InstanceRecord, "incarnation" | "version">, nowMs: number, ageMs = 0): boolean {
    const lease = this.#leases.get(id);
    if (lease === undefined || isNewer(account, lease.record)) return false;
    if (account.incarnation === lease.record.incarnation) {
      lease.renewedAtMs = Math.max(lease.renewedAtMs, nowMs - ageMs);
    }
    return true;
  }

  /** The record with its new status, or `undefined` when the instance is unknown or the change is old. */
  setStatus(
    id: InstanceId,
    status: InstanceStatus,
    account: Pick<InstanceRecord, "incarnation" | "version">,
    nowMs: number,
  ): InstanceRecord | undefined {
    const lease = this.#leases.get(id);
    if (lease === undefined || isNewer(lease.record, account)) return undefined;
    const record: InstanceRecord = { ...lease.record, ...account, status };
    return this.register(record, nowMs) === "accepted" ? record : undefined;
  }

  /**
   * Takes an instance out and remembers so. Without `account` whatever is known is removed; with one, a later start
   * stays.
   */
  remove(
    id: InstanceId,
    app: string,
    cause: string,
    nowMs: number,
    account?: Pick<InstanceRecord, "incarnation" | "version">,
  ): Replica | undefined {
    const known = this.#leases.get(id)?.record;
    if (known !== undefined && account !== undefined && known.incarnation > account.incarnation) return undefined;
    const ending = known !== undefined && (account === undefined || isNewer(known, account)) ? known : account;
    if (ending === undefined) return undefined;
    const { incarnation, version } = ending;
    const tombstone = this.#tombstones.get(id);
    if (known === undefined && tombstone !== undefined && !isNewer(ending, tombstone)) return undefined;
    this.#tombstones.set(id, { app, incarnation, version, atMs: nowMs, cause });
    if (known !== undefined) {
      this.#leases.delete(id);
      this.#changed({ removal: { app: known.app, id, cause } });
    }
    return { kind: "removal", app, id, incarnation, version, cause };
  }

  /** Takes what a peer says. */
  merge(replica: Replica, nowMs: number): void {
    if (replica.kind === "record") this.register(replica.record, nowMs, replica.ageMs);
    else this.remove(replica.id, replica.app, replica.cause, nowMs, replica);
  }

  /** Everything a peer needs to know as much as we do. */
  replicas(nowMs: number): Replica[] {
    const records = Array.from(this.#leases.values(), (lease): Replica => {
      return { kind: "record", record: lease.record, ageMs: Math.max(0, nowMs - lease.renewedAtMs) };
    });
    const removals = Array.from(this.#tombstones, ([id, { app, incarnation, version, cause }]): Replica => {
      return { kind: "removal", app, id, incarnation, version, cause };
    });
    return [...records, ...removals];
  }

  /**
   * Looks for expired leases; call about each second. `isolated` says that some peer cannot be heard: then an app that
   * would lose more than half of three or more instances at once keeps them, since more likely it is we who are cut off.
   */
  expire(nowMs: number, isolated: boolean): Replica[] {
    this.#forgiveOwnPause(nowMs);
    for (const [id, tombstone] of this.#tombstones) {
      if (nowMs - tombstone.atMs > this.#options.tombstoneMs) this.#tombstones.delete(id);
    }
    const expired = Array.from(this.#leases.values()).filter(
      (lease) => nowMs - lease.renewedAtMs > this.#options.leaseMs,
    );
    const removed: Replica[] = [];
    for (const [app, leases] of Map.groupBy(expired, (lease) => lease.record.app)) {
      const total = this.records().filter((record) => record.app === app).length;
      if (isolated && total >= 3 && leases.length * 2 > total) continue;
      for (const { record, renewedAtMs } of leases) {
        const cause = `lease expired: no heartbeat for ${((nowMs - renewedAtMs) / 1_000).toFixed(1)} s`;
        const removal = this.remove(record.id, app, cause, nowMs, record);
        if (removal !== undefined) removed.push(removal);
      }
    }
    return removed;
  }

  /** The changes after `cursor`, or `undefined` when they are not all known any more (or never were ours). */
  since(cursor: Cursor): readonly Change[] | undefined {
    if (cursor.peer !== this.#peer || cursor.epoch !== this.#epoch || cursor.sequence > this.#sequence)
      return undefined;
    const oldest = this.#history[0]?.sequence ?? this.#sequence + 1;
    if (cursor.sequence + 1 < oldest) return undefined;
    return this.#history.slice(cursor.sequence + 1 - oldest);
  }

  #forgiveOwnPause(nowMs: number): void {
    const gapMs = this.#lastTickMs === undefined ? 0 : nowMs - this.#lastTickMs;
    this.#lastTickMs = nowMs;
    if (gapMs <= this.#options.pauseMs) return;
    for (const lease of this.#leases.values()) lease.renewedAtMs = Math.min(nowMs, lease.renewedAtMs + gapMs);
  }

  #changed(what: Pick<Change, "upsert"> | Pick<Change, "removal">): void {
    this.#sequence += 1;
    const change: Change = { sequence: this.#sequence, ...what };
    this.#history.push(change);
    if (this.#history.length > this.#options.historyMax) this.#history.shift();
    this.#onChange(change);
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
