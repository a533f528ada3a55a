import { type InstanceRecord, isNewer } from "@holdfast/wire";
import {
  keyOf,
  type OverrideReplica,
  outweighs,
  type RecordReplica,
  type Removal,
  type Replica,
  replaces,
  sameRenewalMs,
} from "./lease.ts";
import type { Heard, LeaseBook } from "./lease-book.ts";
import type { LeaseTimes } from "./lease-times.ts";
import { recordReplica, replicaOf } from "./replicas.ts";

/** Takes accounts, removals and overrides in whatever order they come, so that all peers end up with the same. */
export class Merging {
  readonly #book: LeaseBook;
  readonly #times: LeaseTimes;

  constructor(book: LeaseBook, times: LeaseTimes) {
    this.#book = book;
    this.#times = times;
  }

  /** `older`: a later account of the same id is known, or it was removed since. */
  take(record: InstanceRecord, heard: Heard): "accepted" | "older" {
    const key = keyOf(record.app, record.id);
    const known = this.#book.leases.get(key);
    if (known === undefined) {
      const tombstone = this.#book.tombstones.get(key);
      if (tombstone !== undefined && !outweighs(record, heard.renewedAtMs, tombstone)) return "older";
      this.#book.add(record, heard);
      return "accepted";
    }
    if (replaces(known.record, record)) return "older";
    this.#book.renewed(known, heard.renewedAtMs, heard.via, heard.nowMs);
    if (replaces(record, known.record)) this.#book.replace(known, record, heard.by, heard.nowMs);
    return "accepted";
  }

  /** Takes what a peer says; answers with what we know better, if anything. */
  merge(replica: Replica, nowMs: number, via: string): Replica | undefined {
    switch (replica.kind) {
      case "record":
        return this.#record(replica, nowMs, via);
      case "removal":
        return this.#removal(replica, nowMs, via);
      case "override":
        return this.#override(replica, nowMs, via);
    }
  }

  #record({ record, ageMs, bornMs, upMs }: RecordReplica, nowMs: number, via: string): Replica | undefined {
    const key = keyOf(record.app, record.id);
    const isKnown = this.#book.leases.get(key) !== undefined;
    // So long ago that a removal since then may be forgotten here: believing it could bring back the dead.
    if (!isKnown && ageMs > this.#times.rememberMsOf(record)) return undefined;
    const heard = { nowMs, renewedAtMs: nowMs - ageMs, via, by: via, bornMs, upMs };
    return this.take(record, heard) === "accepted" ? undefined : replicaOf(this.#book, key, nowMs);
  }

  #override(replica: OverrideReplica, nowMs: number, via: string): Replica | undefined {
    const { kind: _, idleMs, ...override } = replica;
    const known = this.#book.overrides.latest(keyOf(override.app, override.id));
    if (known !== undefined && known.stamp > override.stamp) return { kind: "override", ...known };
    this.#book.putOverride(override, via, nowMs, idleMs);
    return undefined;
  }

  #removal(replica: Removal, nowMs: number, via: string): Replica | undefined {
    const { id, app, cause, ageMs = 0, idleMs, keepMs = 0, incarnation, version } = replica;
    const key = keyOf(app, id);
    const lease = this.#book.leases.get(key);
    if (ageMs > Math.max(keepMs, this.#times.rememberMsOf(lease?.record))) return undefined;
    const renewedAtMs = idleMs === undefined ? undefined : nowMs - idleMs;
    if (lease !== undefined && outweighs(lease.record, lease.renewedAtMs, { incarnation, version, renewedAtMs })) {
      return recordReplica(lease, nowMs);
    }
    const tombstone = this.#book.tombstones.get(key);
    const isKnown = tombstone !== undefined && !isNewer(replica, tombstone);
    // Of two removals by expiry the one that knew of the later renewal stays, everywhere the same.
    const isMoreFinal =
      tombstone?.renewedAtMs !== undefined &&
      (renewedAtMs ?? Number.POSITIVE_INFINITY) > tombstone.renewedAtMs + sameRenewalMs;
    if (isKnown && (isNewer(tombstone, replica) || !isMoreFinal)) return undefined;
    const atMs = nowMs - ageMs;
    this.#book.bury({ app, id, incarnation, version, cause, atMs, renewedAtMs }, via, nowMs, false, keepMs);
    return undefined;
  }
}
