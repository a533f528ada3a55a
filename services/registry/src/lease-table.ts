import type { InstanceId } from "@holdfast/kernel";
import { type Cursor, type InstanceRecord, type InstanceStatus, isNewer, type RegistryEventKind } from "@holdfast/wire";
import { effectiveStatus } from "./effective-status.ts";
import { type ExpiryPolicy, groupKey, type PeerReach } from "./expiry-policy.ts";
import { FlapDamper } from "./flap-damper.ts";
import { type Change, History, type Moment } from "./history.ts";
import {
  type Account,
  hashOf,
  keyOf,
  type Lease,
  type Override,
  outweighs,
  type RecordReplica,
  type Removal,
  type Replica,
  renewLease,
  replaces,
  sameRenewalMs,
  type Tombstone,
} from "./lease.ts";
import { Overrides } from "./overrides.ts";

export interface LeaseOptions {
  /** A lease not renewed for so long has expired, unless the instance asked for another time. */
  readonly leaseMs: number;
  /** How long a removal is remembered, so that a late record does not resurrect it. */
  readonly tombstoneMs: number;
  /** After a pause of our own longer than this, every lease starts afresh: we may have missed all heartbeats. */
  readonly pauseMs: number;
  /** Changes kept for listeners that resume, and to look back. */
  readonly historyMax: number;
}

/** Three heartbeats of 3 s; ten minutes outlast any replication delay. */
export const leaseDefaults: LeaseOptions = {
  leaseMs: 9_000,
  tombstoneMs: 600_000,
  pauseMs: 2_000,
  historyMax: 8_192,
};

/** Removals of ids nobody knows must not fill the memory. */
const tombstonesMax = 50_000;
const housekeepingMs = 30_000;

/** What the table tells its owner, while it happens. */
export interface TableObserver {
  /** What callers see has changed. */
  changed(change: Change): void;
  /** Something was decided here: the peers are to know. */
  tell(replica: Replica): void;
  /** Worth remembering for people. */
  noted(kind: RegistryEventKind, app: string, id: string, by: string, detail: string): void;
}

/** Time and order, from the cluster's clock. */
export interface TableClock {
  /** Cluster time in ms: for people, and to look back. */
  nowMs(): number;
  /** Greater than any before; see `ClusterClock`. */
  stamp(): number;
}

/** What probes found out about an instance. */
export type ProbedAs = (key: string) => "dead" | "alive" | undefined;
const notProbed: ProbedAs = () => undefined;

/**
 * The registry's whole state and every decision about it, told the time with each call (monotonic ms).
 *
 * Accounts of an instance are ordered by (incarnation, version); at the same account a removal outweighs the record,
 * except that an expired lease yields to a later renewal. Overrides are ordered by their stamps. So peers agree in
 * whatever order they hear of things.
 */
export class LeaseTable {
  readonly #options: LeaseOptions;
  readonly #policy: ExpiryPolicy;
  readonly #clock: TableClock;
  readonly #observer: TableObserver;
  readonly #leases = new Map<string, Lease>();
  readonly #byApp = new Map<string, Map<string, Lease>>();
  readonly #tombstones = new Map<string, Tombstone>();
  readonly #history: History;
  readonly #flaps = new FlapDamper();
  readonly overrides = new Overrides();
  #digest = 0;
  #lastTickMs: number | undefined;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  #housekeptMs = Number.NEGATIVE_INFINITY;
  #held = 0;

  constructor(
    peer: string,
    epoch: number,
    clock: TableClock,
    policy: ExpiryPolicy,
    observer: TableObserver,
    options: LeaseOptions = leaseDefaults,
  ) {
    this.#history = new History(peer, epoch, options.historyMax, clock.nowMs());
    this.#clock = clock;
    this.#policy = policy;
    this.#observer = observer;
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

  get damped(): number {
    return this.#flaps.damped;
  }

  /** The same number in two peers that agree on everything that is registered. */
  get digest(): number {
    return this.#digest >>> 0;
  }

  get(app: string, id: string): InstanceRecord | undefined {
    return this.#leases.get(keyOf(app, id))?.shown;
  }

  lease(app: string, id: string): Readonly<Lease> | undefined {
    return this.#leases.get(keyOf(app, id));
  }

  tombstone(app: string, id: string): Tombstone | undefined {
    return this.#tombstones.get(keyOf(app, id));
  }

  leases(app?: string): Iterable<Readonly<Lease>> {
    if (app === undefined) return this.#leases.values();
    return this.#byApp.get(app)?.values() ?? [];
  }

  apps(): string[] {
    return [...this.#byApp.keys()].sort();
  }

  get appCount(): number {
    return this.#byApp.size;
  }

  /** As callers see them. */
  records(app?: string): InstanceRecord[] {
    return Array.from(this.leases(app), (lease) => lease.shown);
  }

  since(cursor: Cursor): readonly Change[] | undefined {
    return this.#history.since(cursor);
  }

  /** What callers saw then; `undefined` when that is longer ago than what is kept. */
  recordsAt(moment: Moment): InstanceRecord[] | undefined {
    return this.#history.at(moment, this.records());
  }

  damping(key: string, nowMs: number): { readonly flaps: number; readonly untilMs: number } | null {
    return this.#flaps.explain(key, nowMs);
  }

  leaseMsOf(lease: Readonly<Lease>): number {
    return lease.record.leaseMs ?? this.#options.leaseMs;
  }

  /** Time the lease has left; after a pause of our own it is a whole one again. */
  remainingMs(lease: Readonly<Lease>, nowMs: number): number {
    return this.leaseMsOf(lease) - (nowMs - Math.max(lease.renewedAtMs, this.#pausedUntilMs));
  }

  get tombstoneMs(): number {
    return this.#options.tombstoneMs;
  }

  /** Registers or replaces. `older` when a later account of the same id is known, or it was removed since. */
  register(record: InstanceRecord, nowMs: number, by = "instance"): "accepted" | "older" {
    const known = this.#leases.get(keyOf(record.app, record.id))?.record;
    if (known !== undefined && known.incarnation > record.incarnation) {
      const detail = `a process started at ${record.incarnation} claims the id of one started at ${known.incarnation}: refused`;
      this.#observer.noted("claimed", record.app, record.id, by, detail);
    }
    if (this.#take(record, nowMs, nowMs, undefined, by) === "older") return "older";
    const lease = this.#leases.get(keyOf(record.app, record.id));
    if (lease !== undefined) this.#observer.tell(recordReplica(lease, nowMs));
    return "accepted";
  }

  /** The instance renews its lease. False when it must register (again): unknown, or known by an older account than it has. */
  renew(app: string, id: string, account: Account | undefined, nowMs: number): boolean {
    const lease = this.#leases.get(keyOf(app, id));
    if (lease === undefined) return false;
    if (account !== undefined) {
      if (isNewer(account, lease.record)) return false;
      // An older process of the same id must not keep the younger one's lease alive.
      if (account.incarnation !== lease.record.incarnation) return true;
    }
    this.#renewed(lease, nowMs, undefined, nowMs);
    this.#policy.renewed(nowMs);
    return true;
  }

  /** A renewal that a peer heard of `ageMs` ago. False: we do not know that instance, or only an older account. */
  mergeRenewal(app: string, id: string, account: Account, nowMs: number, ageMs: number, via: string): boolean {
    const lease = this.#leases.get(keyOf(app, id));
    if (lease === undefined || isNewer(account, lease.record)) return false;
    if (account.incarnation === lease.record.incarnation) this.#renewed(lease, nowMs - ageMs, via, nowMs);
    return true;
  }

  /**
   * Takes an instance out and remembers so. Without `account` what is known is removed, and its owner may register a
   * later account; with one, a later start stays. False when there is nothing to remove.
   */
  remove(app: string, id: InstanceId, cause: string, by: string, nowMs: number, account?: Account): boolean {
    const key = keyOf(app, id);
    const known = this.#leases.get(key)?.record;
    if (known !== undefined && account !== undefined && known.incarnation > account.incarnation) return false;
    const ending = known !== undefined && (account === undefined || isNewer(known, account)) ? known : account;
    if (ending === undefined) return false;
    const tombstone = this.#tombstones.get(key);
    if (known === undefined && tombstone !== undefined && !isNewer(ending, tombstone)) return false;
    const { incarnation, version } = ending;
    this.#bury({ app, id, incarnation, version, cause, atMs: nowMs, renewedAtMs: undefined }, by);
    if (this.overrides.get(key) !== undefined)
      this.#override(app, id, null, by, `the instance was removed: ${cause}`, nowMs);
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
    if (status === null ? this.overrides.get(key) === undefined : !this.#leases.has(key)) return false;
    this.#override(app, id, status, by, reason, nowMs);
    return true;
  }

  /** Takes what a peer says; answers with what we know better, if anything. */
  merge(replica: Replica, nowMs: number, via: string): Replica | undefined {
    if (replica.kind === "override") return this.#mergeOverride(replica, nowMs, via);
    if (replica.kind === "removal") return this.#mergeRemoval(replica, nowMs, via);
    const { record, ageMs, bornMs, upMs } = replica;
    if (this.#take(record, nowMs - ageMs, nowMs, via, via, bornMs, upMs) === "accepted") return undefined;
    return this.#replicaOf(keyOf(record.app, record.id), nowMs);
  }

  /** Everything a peer needs to know as much as we do, or one of `count` parts of it. */
  replicas(nowMs: number, index = 0, count = 1): Replica[] {
    const replicas: Replica[] = [];
    const isWanted = (hash: number): boolean => count === 1 || hash % count === index;
    for (const tombstone of this.#tombstones.values()) {
      if (isWanted(tombstone.hash)) replicas.push(removalOf(tombstone, nowMs));
    }
    for (const lease of this.#leases.values()) if (isWanted(lease.hash)) replicas.push(recordReplica(lease, nowMs));
    for (const override of this.overrides.all()) {
      if (count === 1 || hashOf(keyOf(override.app, override.id)) % count === index) {
        replicas.push({ kind: "override", ...override });
      }
    }
    return replicas;
  }

  /** What a peer needs to know of one instance. */
  replica(key: string, nowMs: number): RecordReplica | undefined {
    const lease = this.#leases.get(key);
    return lease === undefined ? undefined : recordReplica(lease, nowMs);
  }

  /** Takes out what has expired and is not held (see {@link ExpiryPolicy}); call about each second. */
  expire(nowMs: number, reach: PeerReach, probedAs: ProbedAs = notProbed): void {
    this.#forgiveOwnPause(nowMs);
    this.#housekeep(nowMs);
    this.#releaseDamped(nowMs);
    const extraMs = this.#policy.due(nowMs);
    if (extraMs === undefined) return;
    const expired: Lease[] = [];
    for (const lease of this.#leases.values()) if (this.remainingMs(lease, nowMs) + extraMs < 0) expired.push(lease);
    this.#held = 0;
    if (expired.length === 0) {
      this.#policy.choose([], { total: this.size, byApp: new Map(), byGroup: new Map() }, reach, nowMs);
      return;
    }
    const seen = expired.map(({ key, record: { app, zone }, via }) => {
      return { key, app, zone, direct: via === undefined, probed: probedAs(key) };
    });
    const { end, held } = this.#policy.choose(seen, this.#census(), reach, nowMs);
    for (const { lease, reason } of held) this.#hold(lease.key, reason);
    for (const { key, probed } of end)
      this.#evict(key, probed === "dead" ? "; its port refuses connections" : "", nowMs);
  }

  /** Probes from two zones agree that it is dead: it is taken out now, unless it renews later than that. */
  confirmDead(key: string, cause: string, nowMs: number): boolean {
    const lease = this.#leases.get(key);
    if (lease === undefined) return false;
    this.#end(lease, cause, "probe", nowMs, nowMs - sameRenewalMs);
    return true;
  }

  /** Stamps made before another time basis became known move by so much; see `ClusterClock`. */
  rebase(deltaStamps: number): void {
    for (const lease of this.#leases.values()) {
      if (lease.record.incarnation !== 0) continue;
      const version = lease.record.version + deltaStamps;
      this.#digest ^= digestOf(lease.key, lease.record);
      lease.record = { ...lease.record, version };
      lease.shown = { ...lease.shown, version };
      this.#digest ^= digestOf(lease.key, lease.record);
    }
    for (const [key, tombstone] of this.#tombstones) {
      if (tombstone.incarnation !== 0 || tombstone.version === Number.MAX_SAFE_INTEGER) continue;
      this.#tombstones.set(key, { ...tombstone, version: tombstone.version + deltaStamps });
    }
    for (const override of this.overrides.all()) this.#digest ^= overrideDigest(override);
    this.overrides.rebase(deltaStamps);
    for (const override of this.overrides.all()) this.#digest ^= overrideDigest(override);
  }

  #take(
    record: InstanceRecord,
    renewedAtMs: number,
    nowMs: number,
    via: string | undefined,
    by: string,
    bornMs = 0,
    upMs?: number,
  ): "accepted" | "older" {
    const key = keyOf(record.app, record.id);
    const known = this.#leases.get(key);
    if (known !== undefined && replaces(known.record, record)) return "older";
    const tombstone = this.#tombstones.get(key);
    if (tombstone !== undefined && !outweighs(record, renewedAtMs, tombstone)) return "older";
    this.#tombstones.delete(key);
    if (known === undefined) {
      this.#add(key, record, renewedAtMs, nowMs, via, by, bornMs, upMs);
      return "accepted";
    }
    this.#renewed(known, renewedAtMs, via, nowMs);
    if (replaces(record, known.record)) {
      this.#digest ^= digestOf(key, known.record) ^ digestOf(key, record);
      known.record = record;
      this.#show(known, by, nowMs);
    }
    return "accepted";
  }

  #add(
    key: string,
    record: InstanceRecord,
    renewedAtMs: number,
    nowMs: number,
    via: string | undefined,
    by: string,
    bornMs: number,
    upMs: number | undefined,
  ): void {
    const lease: Lease = {
      key,
      hash: hashOf(key),
      record,
      shown: record,
      renewedAtMs,
      via,
      bornAtMs: nowMs - bornMs,
      upAtMs: upMs === undefined ? undefined : nowMs - upMs,
      updatedAtMs: nowMs,
      isModified: false,
      heldFor: undefined,
    };
    this.#leases.set(key, lease);
    const siblings = this.#byApp.get(record.app);
    if (siblings === undefined) this.#byApp.set(record.app, new Map([[key, lease]]));
    else siblings.set(key, lease);
    this.#digest ^= digestOf(key, record);
    this.#policy.registered();
    lease.shown = this.#shownOf(lease);
    if (lease.shown.status === "UP") {
      lease.upAtMs ??= nowMs;
      this.#countFlap(lease, nowMs);
    }
    this.#changed({ app: record.app, id: record.id, by, upsert: lease.shown });
  }

  /** Recomputes what callers see of it, and tells them when that changed. */
  #show(lease: Lease, by: string, nowMs: number): void {
    const before = lease.shown;
    if (before.status !== lease.record.status && (before.status === "UP") !== (lease.record.status === "UP")) {
      this.#countFlap(lease, nowMs);
    }
    lease.shown = this.#shownOf(lease);
    if (lease.shown.status === "UP") lease.upAtMs ??= nowMs;
    lease.updatedAtMs = nowMs;
    lease.isModified = true;
    this.#changed({ app: lease.record.app, id: lease.record.id, by, before, upsert: lease.shown });
  }

  #shownOf(lease: Lease): InstanceRecord {
    const { key, record } = lease;
    const status = effectiveStatus(record, this.overrides.get(key)?.status ?? undefined, this.#flaps.isDamped(key));
    return status === record.status ? record : { ...record, status };
  }

  #countFlap(lease: Lease, nowMs: number): void {
    const { key, record } = lease;
    if (!this.#flaps.flapped(key, nowMs)) return;
    // Better one that comes and goes than none at all.
    if (!this.#hasOtherUp(lease)) return this.#flaps.pardon(key);
    const detail = "it comes and goes too often: out of service until it is steady";
    this.#observer.noted("damped", record.app, record.id, "damping", detail);
  }

  #hasOtherUp(lease: Lease): boolean {
    for (const other of this.leases(lease.record.app)) {
      if (other !== lease && other.shown.status === "UP") return true;
    }
    return false;
  }

  #releaseDamped(nowMs: number): void {
    if (this.#flaps.damped > 0) {
      for (const lease of this.#leases.values()) {
        if (this.#flaps.isDamped(lease.key) && !this.#hasOtherUp(lease)) this.#undamp(lease, "no other is up", nowMs);
      }
    }
    for (const key of this.#flaps.release(nowMs)) {
      const lease = this.#leases.get(key);
      if (lease !== undefined) this.#undamp(lease, "it has been steady", nowMs);
    }
  }

  #undamp(lease: Lease, why: string, nowMs: number): void {
    this.#flaps.pardon(lease.key);
    this.#observer.noted("undamped", lease.record.app, lease.record.id, "damping", `shown again: ${why}`);
    if (this.#shownOf(lease).status === lease.shown.status) return;
    const before = lease.shown;
    lease.shown = this.#shownOf(lease);
    lease.updatedAtMs = nowMs;
    this.#changed({ app: lease.record.app, id: lease.record.id, by: "damping", before, upsert: lease.shown });
  }

  #renewed(lease: Lease, renewedAtMs: number, via: string | undefined, nowMs: number): void {
    const gapMs = renewedAtMs - lease.renewedAtMs;
    const { app, id } = lease.record;
    if (lease.heldFor !== undefined && gapMs > 0) {
      lease.heldFor = undefined;
      this.#observer.noted("released", app, id, via ?? "instance", "it renews again");
    } else if (via === undefined && gapMs > this.leaseMsOf(lease) / 2 && this.#pausedUntilMs < lease.renewedAtMs) {
      this.#observer.noted("gap", app, id, "instance", `no renewal for ${seconds(gapMs)}`);
    }
    renewLease(lease, Math.min(renewedAtMs, nowMs), via);
  }

  #override(
    app: string,
    id: InstanceId,
    status: InstanceStatus | null,
    by: string,
    reason: string,
    nowMs: number,
  ): void {
    const override: Override = { app, id, status, stamp: this.#clock.stamp(), by, reason };
    this.#putOverride(override, by, nowMs);
    this.#observer.tell({ kind: "override", ...override });
  }

  #mergeOverride(replica: Extract<Replica, { kind: "override" }>, nowMs: number, via: string): Replica | undefined {
    const { kind: _, ...override } = replica;
    const known = this.overrides.latest(keyOf(override.app, override.id));
    if (known !== undefined && known.stamp > override.stamp) return { kind: "override", ...known };
    this.#putOverride(override, via, nowMs);
    return undefined;
  }

  #putOverride(override: Override, by: string, nowMs: number): void {
    const key = keyOf(override.app, override.id);
    const known = this.overrides.latest(key);
    if (!this.overrides.put(override, nowMs)) return;
    if (known !== undefined) this.#digest ^= overrideDigest(known);
    this.#digest ^= overrideDigest(override);
    const kind = override.status === null ? "override-cleared" : "override-set";
    const said = override.status === null ? "taken back" : `set to ${override.status}`;
    this.#observer.noted(kind, override.app, override.id, override.by, `override ${said}: ${override.reason}`);
    const lease = this.#leases.get(key);
    if (lease === undefined) return;
    const before = lease.shown;
    lease.shown = this.#shownOf(lease);
    lease.updatedAtMs = nowMs;
    lease.isModified = true;
    if (before.status === lease.shown.status && before.eureka === undefined) return;
    this.#changed({ app: override.app, id: override.id, by, before, upsert: lease.shown });
  }

  #mergeRemoval(replica: Removal, nowMs: number, via: string): Replica | undefined {
    const { id, app, cause, idleMs, incarnation, version } = replica;
    const atMs = nowMs - (replica.ageMs ?? 0);
    if (nowMs - atMs > this.#options.tombstoneMs) return undefined;
    const key = keyOf(app, id);
    const lease = this.#leases.get(key);
    const renewedAtMs = idleMs === undefined ? undefined : nowMs - idleMs;
    if (lease !== undefined && outweighs(lease.record, lease.renewedAtMs, { incarnation, version, renewedAtMs })) {
      return this.#replicaOf(key, nowMs);
    }
    const tombstone = this.#tombstones.get(key);
    const isKnown = tombstone !== undefined && !isNewer(replica, tombstone);
    // Of two removals by expiry the one that knew of the later renewal stays, everywhere the same.
    const isMoreFinal =
      tombstone?.renewedAtMs !== undefined &&
      (renewedAtMs ?? Number.POSITIVE_INFINITY) > tombstone.renewedAtMs + sameRenewalMs;
    if (isKnown && (isNewer(tombstone, replica) || !isMoreFinal)) return undefined;
    this.#bury({ app, id, incarnation, version, cause, atMs, renewedAtMs }, via, false);
    return undefined;
  }

  #census(): { total: number; byApp: Map<string, number>; byGroup: Map<string, number> } {
    const byApp = new Map(Array.from(this.#byApp, ([app, leases]) => [app, leases.size]));
    const byGroup = new Map<string, number>();
    for (const { record } of this.#leases.values()) {
      const group = groupKey(record.app, record.zone);
      byGroup.set(group, (byGroup.get(group) ?? 0) + 1);
    }
    return { total: this.size, byApp, byGroup };
  }

  #hold(key: string, reason: string): void {
    const lease = this.#leases.get(key);
    if (lease === undefined) return;
    this.#held += 1;
    if (lease.heldFor === undefined) {
      this.#observer.noted("held", lease.record.app, lease.record.id, "lease", `expired and kept: ${reason}`);
    }
    lease.heldFor = reason;
  }

  #evict(key: string, also: string, nowMs: number): void {
    const lease = this.#leases.get(key);
    if (lease === undefined) return;
    const cause = `lease expired: no heartbeat for ${seconds(nowMs - lease.renewedAtMs)}${also}`;
    this.#end(lease, cause, "lease", nowMs, lease.renewedAtMs);
  }

  #end(lease: Lease, cause: string, by: string, nowMs: number, renewedAtMs: number): void {
    const { app, id, incarnation, version } = lease.record;
    const tell = by === "probe" || this.#policy.replicates;
    this.#bury({ app, id, incarnation, version, cause, atMs: nowMs, renewedAtMs }, by, tell);
  }

  #forgiveOwnPause(nowMs: number): void {
    const gapMs = this.#lastTickMs === undefined ? 0 : nowMs - this.#lastTickMs;
    this.#lastTickMs = nowMs;
    if (gapMs <= this.#options.pauseMs) return;
    this.#pausedUntilMs = nowMs;
    this.#observer.noted(
      "paused",
      "",
      "",
      "registry",
      `this registry stood still for ${seconds(gapMs)}: leases start afresh`,
    );
  }

  #housekeep(nowMs: number): void {
    if (nowMs - this.#housekeptMs < housekeepingMs) return;
    this.#housekeptMs = nowMs;
    for (const [key, tombstone] of this.#tombstones) {
      if (nowMs - tombstone.atMs > this.#options.tombstoneMs) this.#tombstones.delete(key);
    }
    const dropped = this.overrides.forget(nowMs, (key) => this.#leases.has(key));
    for (const override of dropped) this.#digest ^= overrideDigest(override);
  }

  #bury(what: Omit<Tombstone, "hash">, by: string, tell = true): void {
    const key = keyOf(what.app, what.id);
    const lease = this.#leases.get(key);
    const tombstone: Tombstone = { ...what, hash: lease?.hash ?? hashOf(key) };
    this.#tombstones.delete(key);
    this.#tombstones.set(key, tombstone);
    if (this.#tombstones.size > tombstonesMax) {
      for (const oldest of this.#tombstones.keys()) {
        this.#tombstones.delete(oldest);
        break;
      }
    }
    if (lease !== undefined) this.#drop(lease, by, what.cause, what.atMs);
    if (tell) this.#observer.tell(removalOf(tombstone, what.atMs));
  }

  #drop(lease: Lease, by: string, cause: string, nowMs: number): void {
    const { key, record, shown } = lease;
    const { app, id } = record;
    this.#leases.delete(key);
    const siblings = this.#byApp.get(app);
    siblings?.delete(key);
    if (siblings?.size === 0) this.#byApp.delete(app);
    this.#digest ^= digestOf(key, record);
    this.#policy.removed();
    if (record.status === "UP") this.#countFlap(lease, nowMs);
    this.#changed({ app, id, by, before: shown, removal: { app, id, cause } });
  }

  #replicaOf(key: string, nowMs: number): Replica | undefined {
    const lease = this.#leases.get(key);
    if (lease !== undefined) return recordReplica(lease, nowMs);
    const tombstone = this.#tombstones.get(key);
    return tombstone === undefined ? undefined : removalOf(tombstone, nowMs);
  }

  #changed(what: Omit<Change, "sequence" | "atMs">): void {
    this.#observer.changed(this.#history.add({ atMs: this.#clock.nowMs(), ...what }));
  }
}

function recordReplica(lease: Readonly<Lease>, nowMs: number): RecordReplica {
  const { record, renewedAtMs, bornAtMs, upAtMs } = lease;
  const up = upAtMs === undefined ? {} : { upMs: Math.round(nowMs - upAtMs) };
  const ageMs = Math.max(0, nowMs - renewedAtMs);
  return { kind: "record", record, ageMs, bornMs: Math.round(nowMs - bornAtMs), ...up };
}

function removalOf(tombstone: Tombstone, nowMs: number): Removal {
  const { app, id, incarnation, version, cause, atMs, renewedAtMs } = tombstone;
  const idle = renewedAtMs === undefined ? {} : { idleMs: nowMs - renewedAtMs };
  return { kind: "removal", app, id, incarnation, version, cause, ageMs: Math.max(0, nowMs - atMs), ...idle };
}

function digestOf(key: string, account: Account): number {
  return hashOf(`${key} ${account.incarnation} ${account.version}`);
}

function overrideDigest(override: Override): number {
  return hashOf(`${override.app}/${override.id} ${override.status} ${override.stamp}`);
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
