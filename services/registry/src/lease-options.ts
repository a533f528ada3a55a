export interface LeaseOptions {
  /** A lease not renewed for so long has expired, unless the instance asked for another time. */
  readonly leaseMs: number;
  /** How long a removal is remembered, so that a late record does not resurrect it; longer for longer leases. */
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
