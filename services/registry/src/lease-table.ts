import type { InstanceId } from "@holdfast/kernel";
import { type Cursor, type InstanceRecord, type InstanceStatus, isNewer } from "@holdfast/wire";
import { type Change, History } from "./history.ts";

export interface LeaseOptions {
  /** A lease not renewed for so long has expired. */
  readonly leaseMs: number;
  /** How long a removal is remembered, so that a late record does not resurrect it. */
  readonly tombstoneMs: number;
  /** After a pause of our own longer than this, every lease starts afresh: we may have missed all heartbeats. */
  readonly pauseMs: number;
  /** Changes kept for listeners that resume. */
  readonly historyMax: number;
}

/** Three heartbeats of 3 s; ten minutes outlast any replication delay. */
export const leaseDefaults: LeaseOptions = {
  leaseMs: 9_000,
  tombstoneMs: 600_000,
  pauseMs: 2_000,
  historyMax: 4_096,
};

/** Two accounts of one renewal differ by the network's delay at most; two renewals by most of a heartbeat. */
const sameRenewalMs = 1_500;
/** Removals of ids nobody knows must not fill the memory. */
const tombstonesMax = 50_000;

type Account = Pick<InstanceRecord, "incarnation" | "version">;

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
      /** Set when a lease expired: the age of its last renewal. A renewal since then outweighs the removal. */
      readonly idleMs?: number;
    };
export type Removal = Extract<Replica, { kind: "removal" }>;

/** Which peers can be heard. */
export interface PeerReach {
  readonly anyDown: boolean;
  /** There are peers, and none can be heard. */
  readonly allDown: boolean;
}

interface Lease {
  record: InstanceRecord;
  renewedAtMs: number;
  /** The peer that told us of the last renewal; `undefined` when the instance did itself. */
  via: string | undefined;
}

interface Tombstone extends Account {
  readonly app: string;
  readonly atMs: number;
  readonly cause: string;
  /** Set when a lease expired: the last renewal the one who removed it knew of. */
  readonly renewedAtMs: number | undefined;
}

/**
 * The registry's whole state and every decision about it: pure, told the time with each call (monotonic ms).
 *
 * Accounts of an instance are ordered by (incarnation, version); at the same account a removal outweighs the record,
 * except that an expired lease yields to a later renewal. So peers agree in whatever order they hear of it.
 */
export class LeaseTable {
  readonly #options: LeaseOptions;
  readonly #leases = new Map<InstanceId, Lease>();
  readonly #tombstones = new Map<InstanceId, Tombstone>();
  readonly #history: History;
  readonly #onChange: (change: Change) => void;
  #lastTickMs: number | undefined;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  #held = 0;

  constructor(peer: string, epoch: number, onChange: (change: Change) => void, options: LeaseOptions = leaseDefaults) {
    this.#history = new History(peer, epoch, options.historyMax);
    this.#onChange = onChange;
    this.#options = options;
  }

  get cursor(): Cursor {
    return this.#history.cursor;
  }

  get size(): number {
    return this.#leases.size;
  }

  /** Expired leases that are kept because it may be we who cannot hear. */
  get held(): number {
    return this.#held;
  }

  get(id: InstanceId): InstanceRecord | undefined {
    return this.#leases.get(id)?.record;
  }

  records(): InstanceRecord[] {
    return Array.from(this.#leases.values(), (lease) => lease.record);
  }

  since(cursor: Cursor): readonly Change[] | undefined {
    return this.#history.since(cursor);
  }

  /** Registers or replaces. `older` when a later account of the same id is known, or it was removed since. */
  register(record: InstanceRecord, nowMs: number, ageMs = 0, via?: string): "accepted" | "older" {
    const known = this.#leases.get(record.id);
    if (known !== undefined && isNewer(known.record, record)) return "older";
    const tombstone = this.#tombstones.get(record.id);
    const renewedAtMs = nowMs - ageMs;
    if (tombstone !== undefined && !outweighs(record, renewedAtMs, tombstone)) return "older";
    this.#tombstones.delete(record.id);
    if (known === undefined) {
      this.#leases.set(record.id, { record, renewedAtMs, via });
      this.#changed({ upsert: record });
      return "accepted";
    }
    renewLease(known, renewedAtMs, via);
    if (isNewer(record, known.record)) {
      known.record = record;
      this.#changed({ upsert: record });
    }
    return "accepted";
  }

  /** False when the instance must register (again): unknown, or known by an older account than it has of itself. */
  renew(id: InstanceId, account: Account, nowMs: number, ageMs = 0, via?: string): boolean {
    const lease = this.#leases.get(id);
    if (lease === undefined || isNewer(account, lease.record)) return false;
    if (account.incarnation === lease.record.incarnation) renewLease(lease, nowMs - ageMs, via);
    return true;
  }

  /** The record with its new status, or `undefined` when the instance is unknown or the change is old. */
  setStatus(id: InstanceId, status: InstanceStatus, account: Account, nowMs: number): InstanceRecord | undefined {
    const known = this.get(id);
    if (known === undefined) return undefined;
    const record: InstanceRecord = { ...known, incarnation: account.incarnation, version: account.version, status };
    return this.register(record, nowMs) === "accepted" ? record : undefined;
  }

  /**
   * Takes an instance out and remembers so. Without `account` what is known is removed, and its owner may register a
   * later account; with one, a later start stays.
   */
  remove(id: InstanceId, app: string, cause: string, nowMs: number, account?: Account): Removal | undefined {
    const known = this.#leases.get(id)?.record;
    if (known !== undefined && account !== undefined && known.incarnation > account.incarnation) return undefined;
    const ending = known !== undefined && (account === undefined || isNewer(known, account)) ? known : account;
    if (ending === undefined) return undefined;
    const tombstone = this.#tombstones.get(id);
    if (known === undefined && tombstone !== undefined && !isNewer(ending, tombstone)) return undefined;
    return this.#bury(id, known?.app ?? app, cause, nowMs, ending, undefined);
  }

  /** Takes what a peer says; answers with what we know better, if anything. */
  merge(replica: Replica, nowMs: number, via: string): Replica | undefined {
    if (replica.kind === "record") {
      if (this.register(replica.record, nowMs, replica.ageMs, via) === "accepted") return undefined;
      return this.#replicaOf(replica.record.id, nowMs);
    }
    const { id, app, cause, idleMs } = replica;
    const lease = this.#leases.get(id);
    const renewedAtMs = idleMs === undefined ? undefined : nowMs - idleMs;
    const { incarnation, version } = replica;
    if (lease !== undefined && outweighs(lease.record, lease.renewedAtMs, { incarnation, version, renewedAtMs })) {
      return this.#replicaOf(id, nowMs);
    }
    const tombstone = this.#tombstones.get(id);
    const isKnown = tombstone !== undefined && !isNewer(replica, tombstone);
    // Of two removals by expiry the one that knew of the later renewal stays, everywhere the same.
    const isMoreFinal =
      tombstone?.renewedAtMs !== undefined &&
      (renewedAtMs ?? Number.POSITIVE_INFINITY) > tombstone.renewedAtMs + sameRenewalMs;
    if (isKnown && (isNewer(tombstone, replica) || !isMoreFinal)) return undefined;
    this.#bury(id, lease?.record.app ?? app, cause, nowMs, { incarnation, version }, renewedAtMs);
    return undefined;
  }

  /** Everything a peer needs to know as much as we do. */
  replicas(nowMs: number): Replica[] {
    const ids = [...this.#leases.keys(), ...this.#tombstones.keys()];
    return ids.flatMap((id) => this.#replicaOf(id, nowMs) ?? []);
  }

  /** What a peer needs to know of one instance. */
  replica(id: InstanceId, nowMs: number): Extract<Replica, { kind: "record" }> | undefined {
    const replica = this.#replicaOf(id, nowMs);
    return replica?.kind === "record" ? replica : undefined;
  }

  /**
   * Takes out what has expired; call about each second. More likely than everybody's death is that we are cut off, so
   * expired leases are held while no peer can be heard (those that were renewed through peers), or while some cannot and
   * an app would lose more than half of three or more instances.
   */
  expire(nowMs: number, reach: PeerReach): Removal[] {
    this.#forgiveOwnPause(nowMs);
    for (const [id, tombstone] of this.#tombstones) {
      if (nowMs - tombstone.atMs > this.#options.tombstoneMs) this.#tombstones.delete(id);
    }
    const expired = [...this.#leases.values()].filter((lease) => this.#isExpired(lease, nowMs));
    this.#held = 0;
    if (expired.length === 0) return [];
    const totals = Map.groupBy(this.#leases.values(), (lease) => lease.record.app);
    const removed: Removal[] = [];
    for (const [app, leases] of Map.groupBy(expired, (lease) => lease.record.app)) {
      const total = totals.get(app)?.length ?? 0;
      const isMass = reach.anyDown && total >= 3 && leases.length * 2 > total;
      for (const { record, renewedAtMs, via } of leases) {
        if (isMass || (reach.allDown && via !== undefined)) {
          this.#held += 1;
          continue;
        }
        const cause = `lease expired: no heartbeat for ${((nowMs - renewedAtMs) / 1_000).toFixed(1)} s`;
        removed.push(this.#bury(record.id, app, cause, nowMs, record, renewedAtMs));
      }
    }
    return removed;
  }

  #isExpired(lease: Lease, nowMs: number): boolean {
    return nowMs - Math.max(lease.renewedAtMs, this.#pausedUntilMs) > this.#options.leaseMs;
  }

  #forgiveOwnPause(nowMs: number): void {
    const gapMs = this.#lastTickMs === undefined ? 0 : nowMs - this.#lastTickMs;
    this.#lastTickMs = nowMs;
    if (gapMs > this.#options.pauseMs) this.#pausedUntilMs = nowMs;
  }

  #bury(
    id: InstanceId,
    app: string,
    cause: string,
    nowMs: number,
    account: Account,
    renewedAtMs: number | undefined,
  ): Removal {
    const { incarnation, version } = account;
    this.#tombstones.delete(id);
    this.#tombstones.set(id, { app, incarnation, version, atMs: nowMs, cause, renewedAtMs });
    if (this.#tombstones.size > tombstonesMax) {
      for (const oldest of this.#tombstones.keys()) {
        this.#tombstones.delete(oldest);
        break;
      }
    }
    if (this.#leases.delete(id)) this.#changed({ removal: { app, id, cause } });
    const idle = renewedAtMs === undefined ? {} : { idleMs: nowMs - renewedAtMs };
    return { kind: "removal", app, id, incarnation, version, cause, ...idle };
  }

  #replicaOf(id: InstanceId, nowMs: number): Replica | undefined {
    const lease = this.#leases.get(id);
    if (lease !== undefined) {
      return { kind: "record", record: lease.record, ageMs: Math.max(0, nowMs - lease.renewedAtMs) };
    }
    const tombstone = this.#tombstones.get(id);
    if (tombstone === undefined) return undefined;
    const { app, incarnation, version, cause, renewedAtMs } = tombstone;
    const idle = renewedAtMs === undefined ? {} : { idleMs: nowMs - renewedAtMs };
    return { kind: "removal", app, id, incarnation, version, cause, ...idle };
  }

  #changed(what: Pick<Change, "upsert"> | Pick<Change, "removal">): void {
    this.#onChange(this.#history.add(what));
  }
}

/** Does a record renewed at `renewedAtMs` outweigh a removal? */
function outweighs(
  record: Account,
  renewedAtMs: number,
  removal: Account & { renewedAtMs: number | undefined },
): boolean {
  if (isNewer(record, removal)) return true;
  if (isNewer(removal, record) || removal.renewedAtMs === undefined) return false;
  return renewedAtMs > removal.renewedAtMs + sameRenewalMs;
}

function renewLease(lease: Lease, renewedAtMs: number, via: string | undefined): void {
  // The echo of a renewal we took ourselves is not one that came through the peer.
  if (via === undefined || renewedAtMs > lease.renewedAtMs + sameRenewalMs) lease.via = via;
  lease.renewedAtMs = Math.max(lease.renewedAtMs, renewedAtMs);
}
