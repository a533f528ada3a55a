import {
  type Census,
  type ExpiredLease,
  type ExpiryDecision,
  type ExpiryPolicy,
  groupKey,
  MinuteRate,
  type PeerReach,
} from "./expiry-policy.ts";
import { RecentLosses } from "./recent-losses.ts";

export interface PreservationOptions {
  /** A registry without peers doubts itself only over groups of at least so many. */
  readonly groupMin: number;
  /** … of which more than this share expired together. */
  readonly shareMax: number;
  /** A group is held for at most so long: then its silence is the truth. */
  readonly holdMaxMs: number;
  /** With a peer unheard, an app of at least so many does not lose more than half at once. */
  readonly massMin: number;
}

/** Ten instances and 15 % after Eureka's 85 % rule, which misfires for small numbers; ten minutes outlast any reboot of a switch. */
export const preservationDefaults: PreservationOptions = {
  groupMin: 10,
  shareMax: 0.15,
  holdMaxMs: 600_000,
  massMin: 3,
};

/**
 * Self-preservation that asks one question: is it they who are silent, or we who are deaf? A registry whose peers all
 * answer hears of every renewal by three ways, so what expires is dead. One that hears no peer keeps what it knew through
 * them. One that hears some of them keeps what it knew through the others, for ten minutes at most, and an app its majority.
 * A registry without peers can only judge by numbers.
 */
export class Preservation implements ExpiryPolicy {
  readonly replicates = true;
  readonly #options: PreservationOptions;
  readonly #rate = new MinuteRate();
  /** Since when each group is held by numbers alone. */
  readonly #heldSince = new Map<string, number>();
  readonly #lostOfApps = new RecentLosses();
  readonly #lostOfGroups = new RecentLosses();

  constructor(options: PreservationOptions = preservationDefaults) {
    this.#options = options;
  }

  registered(): void {}

  removed(): void {}

  /** Two peers that each let go of less than half, and tell each other, must not let go of all together. */
  endedElsewhere({ app, zone, leaseMs }: Pick<ExpiredLease, "app" | "zone" | "leaseMs">, nowMs: number): void {
    const untilMs = nowMs + leaseMs / 2;
    this.#lostOfApps.add(app, untilMs);
    this.#lostOfGroups.add(groupKey(app, zone), untilMs);
  }

  renewed(nowMs: number): void {
    this.#rate.add(nowMs);
  }

  due(): number {
    return 0;
  }

  choose(expired: readonly ExpiredLease[], census: Census, reach: PeerReach, nowMs: number): ExpiryDecision {
    const end: ExpiredLease[] = [];
    const held: { lease: ExpiredLease; reason: string }[] = [];
    this.#lostOfApps.forget(nowMs);
    this.#lostOfGroups.forget(nowMs);
    const groups = Map.groupBy(expired, (lease) => groupKey(lease.app, lease.zone));
    for (const group of this.#heldSince.keys()) if (!groups.has(group)) this.#heldSince.delete(group);
    const doubts = new Map<string, string | undefined>();
    for (const [app, leases] of Map.groupBy(expired, (lease) => lease.app)) {
      doubts.set(app, this.#doubtOfApp(app, leases.length, census, reach));
    }
    for (const [group, leases] of groups) {
      const doubt = this.#doubtOfGroup(group, leases.length, census, reach, nowMs);
      for (const lease of leases) {
        const reason = this.#reasonToHold(lease, reach, doubts.get(lease.app) ?? doubt, nowMs);
        if (reason === undefined) end.push(lease);
        else held.push({ lease, reason });
        this.#remember(lease, group, reason !== undefined, nowMs);
      }
    }
    return { end, held };
  }

  renewals(nowMs: number): { lastMinute: number; threshold: number } {
    return { lastMinute: this.#rate.lastMinute(nowMs), threshold: 0 };
  }

  explain(size: number, held: number): string {
    if (held > 0) return `${held} of ${size} have not renewed and are kept: it may be this registry that cannot hear`;
    if (size < this.#options.groupMin)
      return `${size} in this zone ${size === 1 ? "is" : "are"} too few to judge by numbers: silence means death`;
    return "all renew";
  }

  /** Those cut off at one moment expire within a third of a lease; half of one is the end of "together". */
  #remember(lease: ExpiredLease, group: string, isHeld: boolean, nowMs: number): void {
    const untilMs = nowMs + lease.leaseMs / 2;
    if (isHeld) {
      this.#lostOfApps.keep(lease.app, untilMs);
      this.#lostOfGroups.keep(group, untilMs);
    } else if (lease.probed !== "dead") {
      this.#lostOfApps.add(lease.app, untilMs);
      this.#lostOfGroups.add(group, untilMs);
    }
  }

  #doubtOfApp(app: string, expired: number, census: Census, reach: PeerReach): string | undefined {
    const lost = this.#lostOfApps.of(app);
    const [silent, total] = [expired + lost, (census.byApp.get(app) ?? 0) + lost];
    if (!reach.anyDown || total < this.#options.massMin || silent * 2 <= total) return undefined;
    return `${silent} of ${total} of ${app} fell silent together while a peer cannot be heard`;
  }

  #doubtOfGroup(group: string, expired: number, census: Census, reach: PeerReach, nowMs: number): string | undefined {
    const lost = this.#lostOfGroups.of(group);
    const [silent, size] = [expired + lost, (census.byGroup.get(group) ?? 0) + lost];
    const { groupMin, shareMax, holdMaxMs } = this.#options;
    if (reach.anyPeers || size < groupMin || silent <= size * shareMax) {
      this.#heldSince.delete(group);
      return undefined;
    }
    const sinceMs = this.#heldSince.get(group) ?? nowMs;
    this.#heldSince.set(group, sinceMs);
    if (nowMs - sinceMs > holdMaxMs) return undefined;
    return `${silent} of ${size} of ${group} fell silent together, more than ${Math.round(shareMax * 100)} %`;
  }

  #reasonToHold(lease: ExpiredLease, reach: PeerReach, doubt: string | undefined, nowMs: number): string | undefined {
    if (lease.probed === "dead") return undefined;
    if (lease.probed === "alive") return "its own health check answers: it is it that cannot reach a registry";
    if (reach.allDown && !lease.direct) return "it renewed through a peer, and no peer can be heard";
    const sinceMs = lease.via === undefined ? undefined : reach.unheard?.get(lease.via);
    if (sinceMs !== undefined && nowMs - sinceMs <= this.#options.holdMaxMs) {
      return `it renewed through ${lease.via}, which cannot be heard`;
    }
    return doubt;
  }
}
