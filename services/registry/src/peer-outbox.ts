import { bytesOf, type Replica } from "./lease.ts";
import type { LeaseTable } from "./lease-table.ts";
import type { Renewal } from "./replicate-call.ts";

/** More waiting changes than this and a full exchange is cheaper. */
const queueMax = 10_000;
/** So much goes into one call: parsing and checking it takes about 3 ms. */
export const replicasPerCall = 300;
export const bytesPerCall = 512 * 1024;
const renewalsPerCall = 500;

/** What one peer is still to be told, in portions that hold nobody up. */
export class PeerOutbox {
  readonly #renewed = new Set<string>();
  #queue: Replica[] = [];

  get size(): number {
    return this.#queue.length;
  }

  get isFull(): boolean {
    return this.#queue.length > queueMax;
  }

  get hasRenewals(): boolean {
    return this.#renewed.size > 0;
  }

  push(replica: Replica): void {
    this.#queue.push(replica);
  }

  /** An instance has renewed its lease: only the latest of its renewals counts. */
  renewed(key: string): void {
    this.#renewed.add(key);
  }

  /** Forgets the changes that wait; a full exchange says all of them. */
  clear(): void {
    this.#queue = [];
  }

  /** The oldest changes, as many as fit into one call. */
  takeChanges(): Replica[] {
    let [count, bytes] = [0, 0];
    for (const replica of this.#queue) {
      bytes += replica.kind === "record" ? bytesOf(replica.record) : 200;
      if (count > 0 && (count >= replicasPerCall || bytes > bytesPerCall)) break;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }

  /** Renewals with their ages, as many as fit into one call. */
  takeRenewals(table: LeaseTable, nowMs: number): Renewal[] {
    const renewals: Renewal[] = [];
    for (const key of this.#renewed) {
      if (renewals.length >= renewalsPerCall) break;
      this.#renewed.delete(key);
      const lease = table.leaseAt(key);
      if (lease === undefined) continue;
      const { app, id, incarnation, version } = lease.record;
      renewals.push([app, id, incarnation, version, Math.max(0, Math.round(nowMs - lease.renewedAtMs))]);
    }
    return renewals;
  }
}
