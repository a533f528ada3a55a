/** Which peers can be heard. */
export interface PeerReach {
  readonly anyDown: boolean;
  /** There are peers, and none can be heard. */
  readonly allDown: boolean;
  /** There are peers at all. */
  readonly anyPeers: boolean;
  /** Since when each peer that cannot be heard has not been, by name; of those that were heard before. */
  readonly unheard?: ReadonlyMap<string, number>;
}

/** A lease that has run out, as a policy sees it. */
export interface ExpiredLease {
  readonly key: string;
  readonly app: string;
  readonly zone: string;
  /** What it was to live for; it renews about three times in that. */
  readonly leaseMs: number;
  /** It was last renewed here, not through a peer. */
  readonly direct: boolean;
  /** The peer that told of its last renewal; absent when it was here. */
  readonly via?: string | undefined;
  /** What probes say, when there are any: `dead` from two vantage zones, or `alive` by its own health check. */
  readonly probed: "dead" | "alive" | undefined;
}

/** How many leases there are, the expired ones included. */
export interface Census {
  readonly total: number;
  readonly byApp: ReadonlyMap<string, number>;
  /** By {@link groupKey}. */
  readonly byGroup: ReadonlyMap<string, number>;
}

export interface ExpiryDecision {
  readonly end: readonly ExpiredLease[];
  /** Kept although expired, with the sentence that says why. */
  readonly held: readonly { readonly lease: ExpiredLease; readonly reason: string }[];
}

/** Self-preservation: decides which expired leases end. Pure but for what it counts. */
export interface ExpiryPolicy {
  /** Whether peers are told of what it ends. */
  readonly replicates: boolean;
  registered(): void;
  removed(): void;
  /** A peer has ended a lease that we had, because nobody renewed it. */
  endedElsewhere(lease: Pick<ExpiredLease, "app" | "zone" | "leaseMs">, nowMs: number): void;
  renewed(nowMs: number): void;
  /** Extra life in ms for every lease in this run; `undefined` when no run is due. */
  due(nowMs: number): number | undefined;
  choose(expired: readonly ExpiredLease[], census: Census, reach: PeerReach, nowMs: number): ExpiryDecision;
  /** Heartbeats in the last full minute, and how many it takes for leases to end (0: it does not count them). */
  renewals(nowMs: number): { readonly lastMinute: number; readonly threshold: number };
  /** One sentence: why a group of so many, so many of them held, is protected or not. */
  explain(size: number, held: number): string;
}

export function groupKey(app: string, zone: string): string {
  return `${app}@${zone}`;
}

/** Counts in fixed buckets of a minute; the answer is the last full one (Eureka's `MeasuredRate`). */
export class MinuteRate {
  #startMs: number | undefined;
  #current = 0;
  #last = 0;

  add(nowMs: number): void {
    this.#roll(nowMs);
    this.#current += 1;
  }

  lastMinute(nowMs: number): number {
    this.#roll(nowMs);
    return this.#last;
  }

  #roll(nowMs: number): void {
    this.#startMs ??= nowMs;
    const minutes = Math.floor((nowMs - this.#startMs) / 60_000);
    if (minutes === 0) return;
    this.#last = minutes === 1 ? this.#current : 0;
    this.#current = 0;
    this.#startMs += minutes * 60_000;
  }
}
