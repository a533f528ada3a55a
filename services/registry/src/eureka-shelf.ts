import type { Clock, InstanceId } from "@holdfast/kernel";
import type { InstanceRecord, InstanceStatus } from "@holdfast/wire";
import type { ClusterClock } from "./cluster-clock.ts";
import type { Held, StoreChange, Unstamped } from "./compat/store.ts";
import type { Change } from "./history.ts";
import type { Lease } from "./lease.ts";
import type { LeaseTable } from "./lease-table.ts";
import type { Before } from "./table-observer.ts";
import type { WallTimes } from "./wall-times.ts";

/** What an Eureka client can say, put into our order of accounts; see `EurekaStore`. */
export class EurekaShelf {
  readonly #clock: Clock;
  readonly #walls: WallTimes;
  readonly #time: ClusterClock;
  readonly #table: LeaseTable;
  readonly #watchers = new Set<(change: StoreChange) => void>();

  constructor(clock: Clock, walls: WallTimes, time: ClusterClock, table: LeaseTable) {
    this.#clock = clock;
    this.#walls = walls;
    this.#time = time;
    this.#table = table;
  }

  find(app: string, id: string): Held | undefined {
    const lease = this.#table.lease(app, id);
    return lease === undefined ? undefined : this.#heldOf(lease);
  }

  *list(app?: string): Iterable<Held> {
    for (const lease of this.#table.leases(app)) yield this.#heldOf(lease);
  }

  put(record: Unstamped, by: string): void {
    const stamped: InstanceRecord = { ...record, incarnation: 0, version: this.#time.stamp() };
    this.#table.register(stamped, this.#clock.monotonicMs(), by);
  }

  cancel(app: string, id: string, by: string): boolean {
    const known = this.#table.lease(app, id)?.record;
    if (known === undefined) return false;
    // Stamped as of now, so that no change made before it at another peer outlives it, and any made after it does.
    const { incarnation } = known;
    const account =
      incarnation === 0 ? { incarnation, version: this.#time.stamp() } : { incarnation, version: known.version };
    return this.#table.remove(app, known.id, `cancelled by ${by}`, by, this.#clock.monotonicMs(), account);
  }

  /** `null` takes it back. */
  override(app: string, id: string, status: InstanceStatus | null, by: string, reason: string): boolean {
    return this.#table.setOverride(app, id as InstanceId, status, by, reason, this.#clock.monotonicMs());
  }

  setOwnStatus(app: string, id: string, status: InstanceStatus, by: string): boolean {
    const known = this.#table.lease(app, id)?.record;
    if (known === undefined) return false;
    const version = known.incarnation === 0 ? this.#time.stamp() : known.version + 1;
    this.#table.register({ ...known, status, version }, this.#clock.monotonicMs(), by);
    return true;
  }

  onChange(watcher: (change: StoreChange) => void): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  changed({ app, id, by, before, upsert }: Change, lease: Readonly<Lease>, was: Before | undefined): void {
    if (this.#watchers.size === 0) return;
    const held = upsert === undefined ? undefined : this.#heldOf(lease);
    const earlier =
      before === undefined || was === undefined
        ? undefined
        : {
            ...this.#heldOf(lease),
            record: was.record,
            status: before.status,
            override: was.override,
            updatedAtMs: this.#walls.of(was.updatedAtMs),
          };
    for (const watcher of this.#watchers) watcher({ app, id, held, before: earlier, by });
  }

  #heldOf(lease: Readonly<Lease>): Held {
    const { record, shown, isModified, bornAtMs, renewedAtMs, updatedAtMs, upAtMs } = lease;
    return {
      record,
      status: shown.status,
      override: this.#table.overrides.get(lease.key)?.status ?? undefined,
      action: isModified ? "MODIFIED" : "ADDED",
      registeredAtMs: this.#walls.of(bornAtMs),
      renewedAtMs: this.#walls.of(renewedAtMs),
      updatedAtMs: this.#walls.of(updatedAtMs),
      upAtMs: upAtMs === undefined ? 0 : this.#walls.of(upAtMs),
      leaseMs: this.#table.leaseMsOf(lease),
    };
  }
}
