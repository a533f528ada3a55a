import type { InstanceId } from "@holdfast/kernel";
import { type Cursor, type InstanceRecord, type InstanceStatus, isNewer } from "@holdfast/wire";
import { Expiry, type ProbedAs } from "./expiry.ts";
import type { ExpiryPolicy, PeerReach } from "./expiry-policy.ts";
import { type Change, History, type Moment } from "./history.ts";
import { type Account, keyOf, type Lease, type RecordReplica, type Replica, type Tombstone } from "./lease.ts";
import { LeaseBook } from "./lease-book.ts";
import { type LeaseOptions, leaseDefaults } from "./lease-options.ts";
import { LeaseTimes } from "./lease-times.ts";
import { Merging } from "./merging.ts";
import type { Overrides } from "./overrides.ts";
import { recordReplica, replicasOf } from "./replicas.ts";
import type { TableClock, TableObserver } from "./table-observer.ts";
import { seconds } from "./words.ts";

const housekeepingMs = 30_000;

const notProbed: ProbedAs = () => undefined;

/**
 * The registry's whole state and every decision about it, told the time with each call (monotonic ms).
 *
 * Accounts of an instance are ordered by (incarnation, version); a removal outweighs what is not newer, except that an
 * expired lease yields to any later renewal. Overrides are ordered by their stamps. So peers agree in
 * whatever order they hear of things.
 */
export class LeaseTable {
  readonly #policy: ExpiryPolicy;
  readonly #clock: TableClock;
  readonly #observer: TableObserver;
  readonly #times: LeaseTimes;
  readonly #book: LeaseBook;
  readonly #merging: Merging;
  readonly #expiry: Expiry;
  #housekeptMs = Number.NEGATIVE_INFINITY;

  constructor(
    peer: string,
    epoch: number,
    clock: TableClock,
    policy: ExpiryPolicy,
    observer: TableObserver,
    options: LeaseOptions = leaseDefaults,
  ) {
    this.#clock = clock;
    this.#policy = policy;
    this.#observer = observer;
    this.#times = new LeaseTimes(options);
    const history = new History(peer, epoch, options.historyMax, clock.nowMs());
    this.#book = new LeaseBook(history, this.#times, policy, clock, observer);
    this.#merging = new Merging(this.#book, this.#times);
    this.#expiry = new Expiry(this.#book, this.#times, policy);
  }

  get cursor(): Cursor {
    return this.#book.history.cursor;
  }

  get size(): number {
    return this.#book.leases.size;
  }

  /** How much there is to tell a peer: instances, removals and overrides, and about how many bytes that takes. */
  get weight(): { readonly replicas: number; readonly bytes: number } {
    const { leases, tombstones, overrides } = this.#book;
    const others = tombstones.size + overrides.size;
    return { replicas: leases.size + others, bytes: leases.bytes + others * 200 };
  }

  /** Expired leases that are kept because it may be we who cannot hear. */
  get held(): number {
    return this.#expiry.held;
  }

  get damped(): number {
    return this.#book.damping.size;
  }

  /** The same number in two peers that agree on everything that is registered and every override in force. */
  get digest(): number {
    return (this.#book.leases.digest ^ this.#book.overrides.digest) >>> 0;
  }

  get overrides(): Pick<Overrides, "get" | "latest" | "list" | "size"> {
    return this.#book.overrides;
  }

  get(app: string, id: string): InstanceRecord | undefined {
    return this.#book.leases.find(app, id)?.shown;
  }

  lease(app: string, id: string): Readonly<Lease> | undefined {
    return this.#book.leases.find(app, id);
  }

  leaseAt(key: string): Readonly<Lease> | undefined {
    return this.#book.leases.get(key);
  }

  tombstone(app: string, id: string): Tombstone | undefined {
    return this.#book.tombstones.get(keyOf(app, id));
  }

  leases(app?: string): Iterable<Readonly<Lease>> {
    return this.#book.leases.values(app);
  }

  apps(): readonly string[] {
    return this.#book.leases.apps();
  }

  get appCount(): number {
    return this.#book.leases.appCount;
  }

  /** As callers see them. */
  records(app?: string): InstanceRecord[] {
    return Array.from(this.leases(app), (lease) => lease.shown);
  }

  since(cursor: Cursor): readonly Change[] | undefined {
    return this.#book.history.since(cursor);
  }

  /** What callers saw then; `undefined` when that is longer ago than what is kept. */
  recordsAt(moment: Moment): InstanceRecord[] | undefined {
    return this.#book.history.at(moment, this.records());
  }

  damping(key: string, nowMs: number): { readonly flaps: number; readonly untilMs: number } | null {
    return this.#book.damping.explain(key, nowMs);
  }

  leaseMsOf(lease: Readonly<Lease>): number {
    return this.#times.leaseMsOf(lease.record);
  }

  /** Time the lease has left; after a pause of our own it is a whole one again. */
  remainingMs(lease: Readonly<Lease>, nowMs: number): number {
    return this.#times.remainingMs(lease, nowMs);
  }

  /** Registers or replaces. `older` when a later account of the same id is known, or it was removed since. */
  register(record: InstanceRecord, nowMs: number, by = "instance"): "accepted" | "older" {
    const key = keyOf(record.app, record.id);
    const known = this.#book.leases.get(key)?.record;
    if (known !== undefined && known.incarnation > record.incarnation) {
      const detail = `a process started at ${record.incarnation} claims the id of one started at ${known.incarnation}: refused`;
      this.#observer.noted("claimed", record.app, record.id, by, detail);
    }
    if (this.#merging.take(record, { nowMs, renewedAtMs: nowMs, via: undefined, by }) === "older") return "older";
    const lease = this.#book.leases.get(key);
    if (lease !== undefined) this.#observer.tell(recordReplica(lease, nowMs));
    return "accepted";
  }

  /** The instance renews its lease. False when it must register (again): unknown, or known by an older account than it has. */
  renew(app: string, id: string, account: Account | undefined, nowMs: number): boolean {
    return this.renewal(app, id, account, nowMs) !== undefined;
  }

  /**
   * As {@link renew}; answers with the lease. An account of an earlier incarnation than the lease's has renewed nothing:
   * an older process of the same id must not keep the younger one's lease alive.
   */
  renewal(app: string, id: string, account: Account | undefined, nowMs: number): Readonly<Lease> | undefined {
    const lease = this.#book.leases.find(app, id);
    if (lease === undefined) return undefined;
    if (account !== undefined) {
      if (isNewer(account, lease.record)) return undefined;
      if (account.incarnation !== lease.record.incarnation) return lease;
    }
    this.#book.renewed(lease, nowMs, undefined, nowMs);
    this.#policy.renewed(nowMs);
    return lease;
  }

  /** A renewal that a peer heard of `ageMs` ago. False: we do not know that instance, or only an older account. */
  mergeRenewal(app: string, id: string, account: Account, nowMs: number, ageMs: number, via: string): boolean {
    const lease = this.#book.leases.find(app, id);
    if (lease === undefined || isNewer(account, lease.record)) return false;
    if (account.incarnation === lease.record.incarnation) this.#book.renewed(lease, nowMs - ageMs, via, nowMs);
    return true;
  }

  /**
   * Takes an instance out and remembers so. Without `account` what is known is removed, and its owner may register a
   * later account; with one, a later start stays. False when there is nothing to remove.
   */
  remove(app: string, id: InstanceId, cause: string, by: string, nowMs: number, account?: Account): boolean {
    const key = keyOf(app, id);
    const known = this.#book.leases.get(key)?.record;
    if (known !== undefined && account !== undefined && known.incarnation > account.incarnation) return false;
    const ending = known !== undefined && (account === undefined || isNewer(known, account)) ? known : account;
    if (ending === undefined) return false;
    const tombstone = this.#book.tombstones.get(key);
    if (known === undefined && tombstone !== undefined && !isNewer(ending, tombstone)) return false;
    const { incarnation, version } = ending;
    this.#book.bury({ app, id, incarnation, version, cause, atMs: nowMs, renewedAtMs: undefined }, by, nowMs, true);
    if (this.overrides.get(key) !== undefined) {
      this.#override(app, id, null, by, `the instance was removed: ${cause}`, nowMs);
    }
    return true;
  }

  /** An operator's word (`null` takes it back). False when the instance is unknown, or there is nothing to take back. */
  setOverride(
    app: string,
    id: InstanceId,
    status: InstanceStatus | null,
    by: string,
    reason: string,
    nowMs: number,
  ): boolean {
    const key = keyOf(app, id);
    if (status === null ? this.overrides.get(key) === undefined : this.leaseAt(key) === undefined) return false;
    this.#override(app, id, status, by, reason, nowMs);
    return true;
  }

  /** Takes what a peer says; answers with what we know better, if anything. */
  merge(replica: Replica, nowMs: number, via: string): Replica | undefined {
    return this.#merging.merge(replica, nowMs, via);
  }

  /** Everything a peer needs to know as much as we do, or one of `count` parts of it. */
  replicas(nowMs: number, index = 0, count = 1): Replica[] {
    return replicasOf(this.#book, nowMs, index, count);
  }

  /** What a peer needs to know of one instance. */
  replica(key: string, nowMs: number): RecordReplica | undefined {
    const lease = this.#book.leases.get(key);
    return lease === undefined ? undefined : recordReplica(lease, nowMs);
  }

  /** Takes out what has expired and is not held (see {@link ExpiryPolicy}); call about each second. */
  expire(nowMs: number, reach: PeerReach, probedAs: ProbedAs = notProbed): void {
    this.#noticePause(nowMs);
    this.#housekeep(nowMs);
    this.#book.releaseDamped(nowMs);
    this.#expiry.run(nowMs, reach, probedAs);
  }

  /** Probes from two zones agree that it is dead: it is taken out now, unless it renews later than that. */
  confirmDead(key: string, cause: string, nowMs: number): boolean {
    return this.#expiry.confirmDead(key, cause, nowMs);
  }

  /** Stamps after `from` move by so much: they were made before another time basis became known; see `ClusterClock`. */
  rebase(deltaStamps: number, from = Number.NEGATIVE_INFINITY): void {
    this.#book.rebase(deltaStamps, from);
  }

  #override(
    app: string,
    id: InstanceId,
    status: InstanceStatus | null,
    by: string,
    reason: string,
    nowMs: number,
  ): void {
    const override = { app, id, status, stamp: this.#clock.stamp(), by, reason };
    this.#book.putOverride(override, by, nowMs);
    this.#observer.tell({ kind: "override", ...override });
  }

  #noticePause(nowMs: number): void {
    const gapMs = this.#times.tick(nowMs);
    if (gapMs === undefined) return;
    const detail = `this registry stood still for ${seconds(gapMs)}: leases start afresh`;
    this.#observer.noted("paused", "", "", "registry", detail);
  }

  #housekeep(nowMs: number): void {
    if (nowMs - this.#housekeptMs < housekeepingMs) return;
    this.#housekeptMs = nowMs;
    this.#book.tombstones.forget(nowMs);
    this.#book.overrides.forget(nowMs, (key) => this.leaseAt(key) !== undefined);
  }
}
