import { hash32, type InstanceId } from "@holdfast/kernel";
import { type InstanceRecord, type InstanceStatus, isNewer } from "@holdfast/wire";

/** `(incarnation, version)`: the place of an account among all of the same instance. */
export type Account = Pick<InstanceRecord, "incarnation" | "version">;

/** What one registry tells another about an instance. Times are ages in ms: no wall clock is compared. */
export type Replica =
  | {
      readonly kind: "record";
      readonly record: InstanceRecord;
      /** Since its last renewal. */
      readonly ageMs: number;
      /** Since its first registration. */
      readonly bornMs?: number;
      /** Since it was first UP. */
      readonly upMs?: number;
    }
  | {
      readonly kind: "removal";
      readonly app: string;
      readonly id: InstanceId;
      readonly incarnation: number;
      readonly version: number;
      readonly cause: string;
      /** Since it was removed. */
      readonly ageMs?: number;
      /** Set when a lease expired: the age of its last renewal. A renewal since then outweighs the removal. */
      readonly idleMs?: number;
      /** How long it is to be remembered, when that is longer than usual. */
      readonly keepMs?: number;
    }
  | ({
      readonly kind: "override";
      /** Since its instance was last there. */
      readonly idleMs?: number;
    } & Override);
export type Removal = Extract<Replica, { kind: "removal" }>;
export type RecordReplica = Extract<Replica, { kind: "record" }>;
export type OverrideReplica = Extract<Replica, { kind: "override" }>;

/** An operator's word about one instance, or that it was taken back. The later stamp counts. */
export interface Override {
  readonly app: string;
  readonly id: InstanceId;
  /** `null`: taken back. */
  readonly status: InstanceStatus | null;
  /** Of the cluster's clock. */
  readonly stamp: number;
  readonly by: string;
  readonly reason: string;
}

export interface Lease {
  readonly key: string;
  /** Of the key: which part of a full exchange it is in. */
  readonly hash: number;
  /** The instance's own account. */
  record: InstanceRecord;
  /** As callers see it: the account with its effective status. */
  shown: InstanceRecord;
  renewedAtMs: number;
  /** The peer that told us of the last renewal; `undefined` when the instance did itself. */
  via: string | undefined;
  readonly bornAtMs: number;
  upAtMs: number | undefined;
  updatedAtMs: number;
  isModified: boolean;
  /** Why it is kept although expired. */
  heldFor: string | undefined;
  /** About how much memory and wire its record takes. */
  bytes: number;
}

export interface Tombstone extends Account {
  readonly app: string;
  readonly id: InstanceId;
  readonly hash: number;
  readonly atMs: number;
  readonly cause: string;
  /** Set when a lease expired: the last renewal the one who removed it knew of. */
  readonly renewedAtMs: number | undefined;
  /** How long it is remembered. */
  readonly keepMs: number;
}

/** Two accounts of one renewal differ by the network's delay at most; two renewals by most of a heartbeat. */
export const sameRenewalMs = 1_500;

/** Two apps may each have an instance of the same id (Eureka's clients often use the host's name). */
export function keyOf(app: string, id: string): string {
  return `${app}/${id}`;
}

export function hashOf(key: string): number {
  return hash32(key) >>> 0;
}

/**
 * Is `a` to replace `b`? Two accounts of the same place that differ (two processes of one id, started in one
 * millisecond) are ordered by what they say, so that all peers choose alike.
 */
export function replaces(a: InstanceRecord, b: InstanceRecord): boolean {
  if (isNewer(a, b)) return true;
  return a !== b && !isNewer(b, a) && wordsOf(a) > wordsOf(b);
}

function wordsOf(record: InstanceRecord): string {
  return `${record.address}:${record.port} ${record.status}`;
}

/** About what a record takes as JSON. Longer fields than these estimates assume are counted; escapes are not. */
export function bytesOf({ metadata, eureka }: InstanceRecord): number {
  return recordBytes + textBytes(metadata) + (eureka === undefined ? 0 : eurekaBytes + textBytes(eureka.metadata));
}

/** A record of ours without metadata is some 400 bytes; one of Eureka's repeats itself in 1,500 more. */
const [recordBytes, eurekaBytes] = [400, 1_500];

function textBytes(texts: Readonly<Record<string, unknown>>): number {
  let bytes = 0;
  for (const key in texts) bytes += key.length + String(texts[key]).length + 6;
  return bytes;
}

/**
 * Does a record renewed at `renewedAtMs` outweigh a removal? One that expired says no more than that nobody heard of it for
 * a lease: whoever renews later than that is there, even by an earlier account (the later one may have reached only the
 * registry that then heard nothing; or was another process of this id, and is dead).
 */
export function outweighs(
  record: Account,
  renewedAtMs: number,
  removal: Account & { readonly renewedAtMs: number | undefined },
): boolean {
  if (isNewer(record, removal)) return true;
  return removal.renewedAtMs !== undefined && renewedAtMs > removal.renewedAtMs + sameRenewalMs;
}

/** Takes a renewal into the lease. */
export function renewLease(lease: Lease, renewedAtMs: number, via: string | undefined): void {
  // The echo of a renewal we took ourselves is not one that came through the peer.
  if (via === undefined || renewedAtMs > lease.renewedAtMs + sameRenewalMs) lease.via = via;
  if (renewedAtMs > lease.renewedAtMs) lease.renewedAtMs = renewedAtMs;
}
