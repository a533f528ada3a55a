import { type Clock, PlatformError } from "@holdfast/kernel";
import {
  type Cursor,
  formatCursor,
  type InstanceRecord,
  type LeaseExplanation,
  type OverrideView,
  type PreservationView,
  type RegistrySummary,
} from "@holdfast/wire";
import { explainLease, preservationOf } from "./explain.ts";
import { keyOf, type Override } from "./lease.ts";
import type { Standing } from "./registry-meters.ts";
import type { RegistryIdentity, RegistryParts } from "./registry-parts.ts";

/** What a registry tells people. Changes nothing. */
export class RegistryViews {
  readonly #clock: Clock;
  readonly #identity: RegistryIdentity;
  readonly #parts: RegistryParts;

  constructor(clock: Clock, identity: RegistryIdentity, parts: RegistryParts) {
    this.#clock = clock;
    this.#identity = identity;
    this.#parts = parts;
  }

  /** @throws PlatformError `HISTORY_GONE` (410). */
  recordsAt(moment: Cursor | number, app?: string): InstanceRecord[] {
    const { table } = this.#parts;
    const isOurs =
      typeof moment === "number" || (moment.peer === table.cursor.peer && moment.epoch === table.cursor.epoch);
    const asked = typeof moment === "number" ? { atMs: moment } : { sequence: moment.sequence };
    const records = isOurs ? table.recordsAt(asked) : undefined;
    if (records === undefined) {
      const message = "registry: that moment is not in this peer's history (its latest 8,192 changes since its start)";
      const next = "ask for a later moment, or another peer";
      throw new PlatformError("HISTORY_GONE", message, { status: 410, next });
    }
    return app === undefined ? records : records.filter((record) => record.app === app);
  }

  /** Why callers see an instance as they do, or do not. */
  why(app: string, id: string): LeaseExplanation {
    const { table, policy, prober, events } = this.#parts;
    const key = keyOf(app, id);
    const override = table.overrides.get(key);
    return explainLease(table, policy, {
      app,
      id,
      views: prober.views(key),
      events: events.list({ app, id, limit: 20 }).events,
      name: this.#identity.name,
      profile: this.#identity.profile,
      now: { monotonicMs: this.#clock.monotonicMs(), wallMs: this.#clock.wallMs() },
      held: override === undefined ? null : this.#overrideView(override),
    });
  }

  preservation(): PreservationView {
    return preservationOf(this.#parts.table, this.#parts.policy, this.#clock.monotonicMs());
  }

  overrides(): OverrideView[] {
    return Array.from(this.#parts.table.overrides.list(), (override) => this.#overrideView(override));
  }

  /** For the meters. */
  standing(): Standing {
    const { table, hub, peers } = this.#parts;
    const { size: instances, held, damped } = table;
    return { instances, held, damped, listeners: hub.size, queued: peers.queued };
  }

  /** One peer at a glance. */
  summary(synced: boolean, draining: boolean): RegistrySummary {
    const { table, hub, peers } = this.#parts;
    const { name, zone, region, profile, probe, startedAtMs } = this.#identity;
    let [up, overrides] = [0, 0];
    for (const lease of table.leases()) if (lease.shown.status === "UP") up += 1;
    for (const _override of table.overrides.list()) overrides += 1;
    return {
      name,
      zone,
      region,
      profile,
      synced,
      draining,
      startedAt: new Date(startedAtMs).toISOString(),
      cursor: formatCursor(table.cursor),
      instances: table.size,
      apps: table.appCount,
      up,
      listeners: hub.size,
      held: table.held,
      overrides,
      damped: table.damped,
      probe,
      preservation: this.preservation(),
      peers: peers.views(),
    };
  }

  /** `at` by this machine's wall clock, whatever the cluster agreed on. */
  #overrideView({ app, id, status, by, reason, stamp }: Override): OverrideView {
    const atMs = stamp / 1_000 - this.#parts.time.nowMs() + this.#clock.wallMs();
    return { app, id, status: status ?? "UNKNOWN", by, reason, at: new Date(Math.round(atMs)).toISOString() };
  }
}
