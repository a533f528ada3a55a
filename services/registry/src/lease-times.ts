import type { InstanceRecord } from "@holdfast/wire";
import type { Lease } from "./lease.ts";
import type { LeaseOptions } from "./lease-options.ts";

/** How long leases live, our own pauses left out. */
export class LeaseTimes {
  readonly #options: LeaseOptions;
  #lastTickMs: number | undefined;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  leaseMsOf(record: InstanceRecord): number {
    return record.leaseMs ?? this.#options.leaseMs;
  }

  /** How long a removal of that instance is remembered: nobody can hold a record of it, still unexpired, for longer. */
  rememberMsOf(record: InstanceRecord | undefined): number {
    const { tombstoneMs } = this.#options;
    return record === undefined ? tombstoneMs : Math.max(tombstoneMs, this.leaseMsOf(record));
  }

  /** Time the lease has left; after a pause of our own it is a whole one again. */
  remainingMs(lease: Readonly<Lease>, nowMs: number): number {
    return this.leaseMsOf(lease.record) - (nowMs - Math.max(lease.renewedAtMs, this.#pausedUntilMs));
  }

  /** Whether we were there all the time since then. */
  hasWatchedSince(ms: number): boolean {
    return this.#pausedUntilMs < ms;
  }

  /** Call about each second. Answers how long we stood still, if we did: every lease starts afresh then. */
  tick(nowMs: number): number | undefined {
    const gapMs = this.#lastTickMs === undefined ? 0 : nowMs - this.#lastTickMs;
    this.#lastTickMs = nowMs;
    if (gapMs <= this.#options.pauseMs) return undefined;
    this.#pausedUntilMs = nowMs;
    return gapMs;
  }
}
