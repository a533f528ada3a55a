import type { InstanceRecord } from "@holdfast/wire";
import { Damping } from "./damping.ts";
import { effectiveStatus } from "./effective-status.ts";
import type { ExpiryPolicy } from "./expiry-policy.ts";
import type { Change, History } from "./history.ts";
import { bytesOf, hashOf, keyOf, type Lease, type Override, renewLease, type Tombstone } from "./lease.ts";
import { LeaseStore } from "./lease-store.ts";
import type { LeaseTimes } from "./lease-times.ts";
import { Overrides } from "./overrides.ts";
import { removalOf } from "./replicas.ts";
import type { Before, TableClock, TableObserver } from "./table-observer.ts";
import { Tombstones } from "./tombstones.ts";
import { seconds } from "./words.ts";

/** How an account came to us. */
export interface Heard {
  readonly nowMs: number;
  readonly renewedAtMs: number;
  /** The peer that told us, if one did. */
  readonly via: string | undefined;
  readonly by: string;
  /** Since its first registration, and since it was first UP, as far as the peer knew. */
  readonly bornMs?: number | undefined;
  readonly upMs?: number | undefined;
}

/** Everything the registry keeps, and every step by which it changes: each leaves its trace in history and events. */
export class LeaseBook {
  readonly leases = new LeaseStore();
  readonly tombstones = new Tombstones();
  readonly overrides = new Overrides();
  readonly damping = new Damping(this.leases);
  readonly history: History;
  readonly #times: LeaseTimes;
  readonly #policy: ExpiryPolicy;
  readonly #clock: TableClock;
  readonly #observer: TableObserver;

  constructor(history: History, times: LeaseTimes, policy: ExpiryPolicy, clock: TableClock, observer: TableObserver) {
    this.history = history;
    this.#times = times;
    this.#policy = policy;
    this.#clock = clock;
    this.#observer = observer;
  }

  add(record: InstanceRecord, heard: Heard): void {
    const key = keyOf(record.app, record.id);
    const { nowMs, renewedAtMs, via, by, bornMs = 0, upMs } = heard;
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
      bytes: bytesOf(record),
    };
    this.tombstones.delete(key);
    this.leases.add(lease);
    this.#policy.registered();
    if (record.status === "UP") this.#countFlap(lease, nowMs);
    lease.shown = this.#shownOf(lease);
    if (lease.shown.status === "UP") lease.upAtMs ??= nowMs;
    this.#changed({ app: record.app, id: record.id, by, upsert: lease.shown }, lease, undefined);
  }

  /** The instance gives a later account of itself. */
  replace(lease: Lease, record: InstanceRecord, by: string, nowMs: number): void {
    const before = this.#beforeOf(lease);
    this.leases.replace(lease, record);
    if ((before.record.status === "UP") !== (record.status === "UP")) this.#countFlap(lease, nowMs);
    this.#show(lease, by, nowMs, before);
  }

  renewed(lease: Lease, renewedAtMs: number, via: string | undefined, nowMs: number): void {
    const gapMs = renewedAtMs - lease.renewedAtMs;
    if (lease.heldFor !== undefined && gapMs > 0) {
      this.release(lease, via ?? "instance", "it renews again");
    } else if (
      via === undefined &&
      gapMs > this.#times.leaseMsOf(lease.record) / 2 &&
      this.#times.hasWatchedSince(lease.renewedAtMs)
    ) {
      const { app, id } = lease.record;
      this.#observer.noted("gap", app, id, "instance", `no renewal for ${seconds(gapMs)}`);
    }
    renewLease(lease, Math.min(renewedAtMs, nowMs), via);
  }

  /** It has expired and is kept. */
  hold(lease: Lease, reason: string): void {
    const { app, id } = lease.record;
    if (lease.heldFor === undefined) this.#observer.noted("held", app, id, "lease", `expired and kept: ${reason}`);
    lease.heldFor = reason;
  }

  /** It was held and is no longer. */
  release(lease: Lease, by: string, why: string): void {
    lease.heldFor = undefined;
    this.#observer.noted("released", lease.record.app, lease.record.id, by, why);
  }

  /** Takes an instance out and remembers so. */
  bury(what: Omit<Tombstone, "hash" | "keepMs">, by: string, nowMs: number, tell: boolean, keepMs = 0): void {
    const key = keyOf(what.app, what.id);
    const lease = this.leases.get(key);
    const tombstone: Tombstone = {
      ...what,
      hash: lease?.hash ?? hashOf(key),
      keepMs: Math.max(keepMs, this.#times.rememberMsOf(lease?.record)),
    };
    this.tombstones.put(tombstone);
    if (lease !== undefined) {
      const { app, zone } = lease.record;
      const isByPeer = !tell && what.renewedAtMs !== undefined;
      if (isByPeer) this.#policy.endedElsewhere({ app, zone, leaseMs: this.#times.leaseMsOf(lease.record) }, nowMs);
      this.#drop(lease, by, what.cause, nowMs);
    }
    if (tell) this.#observer.tell(removalOf(tombstone, nowMs));
  }

  /** True when it is the latest word on that instance. */
  putOverride(override: Override, by: string, nowMs: number, idleMs = 0): boolean {
    const { app, id, status, reason } = override;
    const key = keyOf(app, id);
    const lease = this.leases.get(key);
    const before = lease === undefined ? undefined : this.#beforeOf(lease);
    if (!this.overrides.put(override, nowMs, idleMs)) return false;
    const kind = status === null ? "override-cleared" : "override-set";
    const said = status === null ? "taken back" : `set to ${status}`;
    this.#observer.noted(kind, app, id, override.by, `override ${said}${reason === "" ? "" : `: ${reason}`}`);
    if (lease === undefined) return true;
    // Eureka's clients see the override itself, too.
    if (lease.record.eureka !== undefined || this.#shownOf(lease).status !== lease.shown.status) {
      this.#show(lease, by, nowMs, before);
    }
    return true;
  }

  /** Shows those again that have been damped for long enough. */
  releaseDamped(nowMs: number): void {
    for (const { lease, why } of this.damping.release(nowMs)) {
      this.#observer.noted("undamped", lease.record.app, lease.record.id, "damping", `shown again: ${why}`);
      if (this.#shownOf(lease).status !== lease.shown.status) {
        this.#show(lease, "damping", nowMs, this.#beforeOf(lease));
      }
    }
  }

  /** Stamps after `from` move, because the cluster's time turned out to be another. */
  rebase(deltaStamps: number, from: number): void {
    for (const lease of this.leases.values()) {
      const { incarnation, version } = lease.record;
      if (incarnation !== 0 || version <= from) continue;
      this.leases.replace(lease, { ...lease.record, version: version + deltaStamps });
      lease.shown = this.#shownOf(lease);
    }
    this.tombstones.rebase(deltaStamps, from);
    this.overrides.rebase(deltaStamps, from);
  }

  #drop(lease: Lease, by: string, cause: string, nowMs: number): void {
    const { app, id, status } = lease.record;
    const before = this.#beforeOf(lease);
    this.leases.delete(lease);
    this.#policy.removed();
    if (status === "UP") this.#countFlap(lease, nowMs);
    this.#changed({ app, id, by, before: lease.shown, removal: { app, id, cause } }, lease, before);
  }

  /** Recomputes what callers see of it, and tells them. */
  #show(lease: Lease, by: string, nowMs: number, was: Before | undefined): void {
    const before = lease.shown;
    lease.shown = this.#shownOf(lease);
    if (lease.shown.status === "UP") lease.upAtMs ??= nowMs;
    lease.updatedAtMs = nowMs;
    lease.isModified = true;
    this.#changed({ app: lease.record.app, id: lease.record.id, by, before, upsert: lease.shown }, lease, was);
  }

  #shownOf({ key, record }: Lease): InstanceRecord {
    const status = effectiveStatus(record, this.overrides.get(key)?.status ?? undefined, this.damping.isDamped(key));
    return status === record.status ? record : { ...record, status };
  }

  #beforeOf({ key, record, updatedAtMs }: Lease): Before {
    return { record, override: this.overrides.get(key)?.status ?? undefined, updatedAtMs };
  }

  #countFlap(lease: Lease, nowMs: number): void {
    if (!this.damping.count(lease, nowMs)) return;
    const detail = "it comes and goes too often: out of service until it is steady";
    this.#observer.noted("damped", lease.record.app, lease.record.id, "damping", detail);
  }

  #changed(what: Omit<Change, "sequence" | "atMs">, lease: Lease, before: Before | undefined): void {
    this.#observer.changed(this.history.add({ atMs: this.#clock.nowMs(), ...what }), lease, before);
  }
}
