import type { RegistryEvent, RegistryEventKind, RegistryEventsAnswer } from "@holdfast/wire";
import type { Change } from "./history.ts";
import { RegistryMeters } from "./registry-meters.ts";

/** Eureka's dashboard shows the last 1,000 registered and cancelled; a bad night needs more. */
const eventsMax = 10_000;

export interface EventFilter {
  readonly app?: string | undefined;
  readonly id?: string | undefined;
  /** Only later ones. */
  readonly after?: number | undefined;
  /** At most so many, the latest. Default 200, at most 1,000. */
  readonly limit?: number | undefined;
}

/** What happened at this peer, for people: the latest 10,000 events. */
export class EventLog {
  readonly #wallMs: () => number;
  readonly #ring: RegistryEvent[] = [];
  readonly #meters: RegistryMeters;
  #newest = 0;

  constructor(wallMs: () => number, meters: RegistryMeters = new RegistryMeters()) {
    this.#wallMs = wallMs;
    this.#meters = meters;
  }

  add(kind: RegistryEventKind, app: string, id: string, by: string, detail: string): void {
    this.#newest += 1;
    this.#meters.event(kind);
    const at = new Date(this.#wallMs()).toISOString();
    this.#ring[this.#newest % eventsMax] = { sequence: this.#newest, at, kind, app, id, by, detail };
  }

  /** A change of what callers see, as the event it is. */
  addChange(change: Change): void {
    const { app, id, by, before, upsert, removal } = change;
    if (removal !== undefined) {
      const kind = by === "lease" || removal.cause.startsWith("lease expired") ? "evicted" : "removed";
      return this.add(kind, app, id, by, removal.cause);
    }
    if (upsert === undefined) return;
    if (before === undefined) {
      const where = `${upsert.address}:${upsert.port} in ${upsert.zone || "no zone"}`;
      return this.add("registered", app, id, by, `registered ${upsert.status} at ${where}`);
    }
    if (before.status !== upsert.status) return this.add("status", app, id, by, `${before.status} → ${upsert.status}`);
    const moved = before.address !== upsert.address || before.port !== upsert.port;
    const what = moved ? `moved to ${upsert.address}:${upsert.port}` : "registered again with other details";
    this.add("changed", app, id, by, what);
  }

  /** Oldest first. */
  list(filter: EventFilter = {}): RegistryEventsAnswer {
    const oldest = Math.max(1, this.#newest - eventsMax + 1);
    const limit = Math.min(filter.limit ?? 200, 1_000);
    const events: RegistryEvent[] = [];
    const from = Math.max(oldest, (filter.after ?? 0) + 1);
    for (let sequence = this.#newest; sequence >= from && events.length < limit; sequence--) {
      const event = this.#ring[sequence % eventsMax];
      if (event === undefined) continue;
      if (filter.app !== undefined && event.app !== filter.app) continue;
      if (filter.id !== undefined && event.id !== filter.id) continue;
      events.push(event);
    }
    return { events: events.reverse(), oldest, newest: this.#newest };
  }
}
