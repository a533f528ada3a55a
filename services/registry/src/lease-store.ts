import type { InstanceRecord } from "@holdfast/wire";
import { type Census, groupKey } from "./expiry-policy.ts";
import { bytesOf, hashOf, type Lease } from "./lease.ts";

/** All leases, by key and by app, with their digest and their size. Holds; decides nothing. */
export class LeaseStore {
  readonly #leases = new Map<string, Lease>();
  /** By app, then by id. */
  readonly #byApp = new Map<string, Map<string, Lease>>();
  /** Sorted; made at the first question after one has come or gone. */
  #apps: readonly string[] | undefined;
  #digest = 0;
  #bytes = 0;

  get size(): number {
    return this.#leases.size;
  }

  get appCount(): number {
    return this.#byApp.size;
  }

  /** The same number in two stores that hold the same accounts. */
  get digest(): number {
    return this.#digest;
  }

  /** About what all records take as JSON. */
  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): Lease | undefined {
    return this.#leases.get(key);
  }

  /** As {@link get}, without making a key of the two: heartbeats come this way. */
  find(app: string, id: string): Lease | undefined {
    return this.#byApp.get(app)?.get(id);
  }

  /** In order of registration. */
  values(app?: string): Iterable<Lease> {
    if (app === undefined) return this.#leases.values();
    return this.#byApp.get(app)?.values() ?? [];
  }

  /** Sorted. */
  apps(): readonly string[] {
    this.#apps ??= [...this.#byApp.keys()].sort();
    return this.#apps;
  }

  add(lease: Lease): void {
    const { key, record } = lease;
    this.#leases.set(key, lease);
    const siblings = this.#byApp.get(record.app);
    if (siblings === undefined) {
      this.#byApp.set(record.app, new Map([[record.id, lease]]));
      this.#apps = undefined;
    } else {
      siblings.set(record.id, lease);
    }
    this.#digest ^= digestOf(key, record);
    this.#bytes += lease.bytes;
  }

  /** The lease's account is another from now on. */
  replace(lease: Lease, record: InstanceRecord): void {
    this.#digest ^= digestOf(lease.key, lease.record) ^ digestOf(lease.key, record);
    const bytes = bytesOf(record);
    this.#bytes += bytes - lease.bytes;
    lease.bytes = bytes;
    lease.record = record;
  }

  delete({ key, record, bytes }: Lease): void {
    if (!this.#leases.delete(key)) return;
    const siblings = this.#byApp.get(record.app);
    siblings?.delete(record.id);
    if (siblings?.size === 0) {
      this.#byApp.delete(record.app);
      this.#apps = undefined;
    }
    this.#digest ^= digestOf(key, record);
    this.#bytes -= bytes;
  }

  /** Whether callers of its app see an instance besides it. */
  hasOtherUp(lease: Lease): boolean {
    for (const other of this.values(lease.record.app)) {
      if (other !== lease && other.shown.status === "UP") return true;
    }
    return false;
  }

  census(): Census {
    const byApp = new Map(Array.from(this.#byApp, ([app, leases]) => [app, leases.size]));
    const byGroup = new Map<string, number>();
    for (const { record } of this.#leases.values()) {
      const group = groupKey(record.app, record.zone);
      byGroup.set(group, (byGroup.get(group) ?? 0) + 1);
    }
    return { total: this.size, byApp, byGroup };
  }
}

function digestOf(key: string, account: Pick<InstanceRecord, "incarnation" | "version">): number {
  return hashOf(`${key} ${account.incarnation} ${account.version}`);
}
