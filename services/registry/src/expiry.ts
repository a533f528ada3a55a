import type { Census, ExpiryPolicy, PeerReach } from "./expiry-policy.ts";
import { type Lease, sameRenewalMs } from "./lease.ts";
import type { LeaseBook } from "./lease-book.ts";
import type { LeaseTimes } from "./lease-times.ts";
import { seconds } from "./words.ts";

/** What probes found out about an instance. */
export type ProbedAs = (key: string) => "dead" | "alive" | undefined;

/** How leases end: by the clock and a policy, or by probes. */
export class Expiry {
  readonly #book: LeaseBook;
  readonly #times: LeaseTimes;
  readonly #policy: ExpiryPolicy;
  #held = 0;

  constructor(book: LeaseBook, times: LeaseTimes, policy: ExpiryPolicy) {
    this.#book = book;
    this.#times = times;
    this.#policy = policy;
  }

  /** Expired leases that are kept because it may be we who cannot hear. */
  get held(): number {
    return this.#held;
  }

  /** Takes out what has expired and is not held. */
  run(nowMs: number, reach: PeerReach, probedAs: ProbedAs): void {
    const extraMs = this.#policy.due(nowMs);
    if (extraMs === undefined) return;
    const expired = this.#expired(nowMs, extraMs).map(({ key, record, via }) => {
      const { app, zone } = record;
      const leaseMs = this.#times.leaseMsOf(record);
      return { key, app, zone, leaseMs, direct: via === undefined, via, probed: probedAs(key) };
    });
    const { end, held } = this.#policy.choose(expired, this.#census(expired.length > 0), reach, nowMs);
    this.#held = held.length;
    for (const { lease, reason } of held) {
      const kept = this.#book.leases.get(lease.key);
      if (kept !== undefined) this.#book.hold(kept, reason);
    }
    for (const { key, probed } of end) {
      this.#evict(key, probed === "dead" ? "; its port refuses connections" : "", nowMs);
    }
  }

  /** Probes from two zones agree that it is dead: it is taken out now, unless it renews later than that. */
  confirmDead(key: string, cause: string, nowMs: number): boolean {
    const lease = this.#book.leases.get(key);
    if (lease === undefined) return false;
    // A renewal that a peer took before now is one of the process that died since.
    this.#end(lease, cause, "probe", nowMs, nowMs - sameRenewalMs, true);
    return true;
  }

  #expired(nowMs: number, extraMs: number): Lease[] {
    const expired: Lease[] = [];
    for (const lease of this.#book.leases.values()) {
      if (this.#times.remainingMs(lease, nowMs) + extraMs < 0) expired.push(lease);
      else if (lease.heldFor !== undefined) this.#book.release(lease, "lease", "its lease has started afresh");
    }
    return expired;
  }

  /** Counting groups costs a look at every lease: only when something is to be decided. */
  #census(isNeeded: boolean): Census {
    const { leases } = this.#book;
    return isNeeded ? leases.census() : { total: leases.size, byApp: new Map(), byGroup: new Map() };
  }

  #evict(key: string, also: string, nowMs: number): void {
    const lease = this.#book.leases.get(key);
    if (lease === undefined) return;
    const cause = `lease expired: no heartbeat for ${seconds(nowMs - lease.renewedAtMs)}${also}`;
    this.#end(lease, cause, "lease", nowMs, lease.renewedAtMs, this.#policy.replicates);
  }

  #end(lease: Lease, cause: string, by: string, nowMs: number, renewedAtMs: number, tell: boolean): void {
    const { app, id, incarnation, version } = lease.record;
    this.#book.bury({ app, id, incarnation, version, cause, atMs: nowMs, renewedAtMs }, by, nowMs, tell);
  }
}
