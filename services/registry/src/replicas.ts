import type { Lease, RecordReplica, Removal, Replica, Tombstone } from "./lease.ts";
import type { LeaseStore } from "./lease-store.ts";
import type { Overrides } from "./overrides.ts";
import type { Tombstones } from "./tombstones.ts";

/** Who can say something to a peer. */
export interface Known {
  readonly leases: LeaseStore;
  readonly tombstones: Tombstones;
  readonly overrides: Overrides;
}

export function recordReplica(lease: Readonly<Lease>, nowMs: number): RecordReplica {
  const { record, renewedAtMs, bornAtMs, upAtMs } = lease;
  const up = upAtMs === undefined ? {} : { upMs: Math.max(0, Math.round(nowMs - upAtMs)) };
  const ageMs = Math.max(0, nowMs - renewedAtMs);
  return { kind: "record", record, ageMs, bornMs: Math.max(0, Math.round(nowMs - bornAtMs)), ...up };
}

export function removalOf(tombstone: Tombstone, nowMs: number): Removal {
  const { app, id, incarnation, version, cause, atMs, renewedAtMs, keepMs } = tombstone;
  const idle = renewedAtMs === undefined ? {} : { idleMs: Math.max(0, nowMs - renewedAtMs) };
  return { kind: "removal", app, id, incarnation, version, cause, ageMs: Math.max(0, nowMs - atMs), ...idle, keepMs };
}

/** What is known of one instance: it, or its removal. */
export function replicaOf(known: Known, key: string, nowMs: number): Replica | undefined {
  const lease = known.leases.get(key);
  if (lease !== undefined) return recordReplica(lease, nowMs);
  const tombstone = known.tombstones.get(key);
  return tombstone === undefined ? undefined : removalOf(tombstone, nowMs);
}

/** Everything a peer needs to know as much as we do, or one of `count` parts of it. */
export function replicasOf(known: Known, nowMs: number, index: number, count: number): Replica[] {
  const isWanted = (hash: number): boolean => count === 1 || hash % count === index;
  const replicas: Replica[] = [];
  for (const tombstone of known.tombstones.values()) {
    if (isWanted(tombstone.hash)) replicas.push(removalOf(tombstone, nowMs));
  }
  // Before what they are about: nobody is seen to serve for the moment until its override comes.
  for (const override of known.overrides.replicas(nowMs, isWanted)) replicas.push(override);
  for (const lease of known.leases.values()) if (isWanted(lease.hash)) replicas.push(recordReplica(lease, nowMs));
  return replicas;
}
