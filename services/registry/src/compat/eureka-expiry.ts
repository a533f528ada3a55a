import type { Random } from "@holdfast/kernel";
import {
  type Census,
  type ExpiredLease,
  type ExpiryDecision,
  type ExpiryPolicy,
  MinuteRate,
  type PeerReach,
} from "../expiry-policy.ts";

export interface EurekaExpiryOptions {
  readonly enableSelfPreservation: boolean;
  readonly renewalPercentThreshold: number;
  readonly expectedClientRenewalIntervalSeconds: number;
  readonly evictionIntervalTimerInMs: number;
  readonly renewalThresholdUpdateIntervalMs: number;
}

/** `DefaultEurekaServerConfig`'s own. */
export const eurekaExpiryDefaults: EurekaExpiryOptions = {
  enableSelfPreservation: true,
  renewalPercentThreshold: 0.85,
  expectedClientRenewalIntervalSeconds: 30,
  evictionIntervalTimerInMs: 60_000,
  renewalThresholdUpdateIntervalMs: 900_000,
};

/**
 * Eureka's own eviction (`AbstractInstanceRegistry.evict`): each minute, with the lateness of the run added to every
 * lease; nothing ends while the heartbeats of the last minute are not above 85 % of those expected; at most 15 % of the
 * registry ends in one run, picked by chance. Peers are not told: each evicts for itself.
 */
export class EurekaExpiry implements ExpiryPolicy {
  readonly replicates = false;
  readonly #options: EurekaExpiryOptions;
  readonly #random: Random;
  readonly #rate = new MinuteRate();
  #expectedClients = 0;
  #lastRunMs: number | undefined;
  #lastUpdateMs = 0;

  constructor(random: Random, options: EurekaExpiryOptions = eurekaExpiryDefaults) {
    this.#random = random;
    this.#options = options;
  }

  registered(): void {
    this.#expectedClients += 1;
  }

  removed(): void {
    if (this.#expectedClients > 0) this.#expectedClients -= 1;
  }

  /** Eureka's peers do not end one another's leases. */
  endedElsewhere(): void {}

  renewed(nowMs: number): void {
    this.#rate.add(nowMs);
  }

  due(nowMs: number): number | undefined {
    const intervalMs = this.#options.evictionIntervalTimerInMs;
    this.#lastRunMs ??= nowMs;
    const gapMs = nowMs - this.#lastRunMs;
    if (gapMs < intervalMs) return undefined;
    this.#lastRunMs = nowMs;
    return gapMs - intervalMs;
  }

  choose(expired: readonly ExpiredLease[], census: Census, _reach: PeerReach, nowMs: number): ExpiryDecision {
    this.#updateExpected(census.total, nowMs);
    const dead = expired.filter((lease) => lease.probed === "dead");
    const others = expired.filter((lease) => lease.probed !== "dead");
    const { lastMinute, threshold } = this.renewals(nowMs);
    if (this.#options.enableSelfPreservation && lastMinute <= threshold) {
      const reason = `self-preservation: ${lastMinute} renewals in the last minute, not above the threshold of ${threshold}`;
      return { end: dead, held: others.map((lease) => ({ lease, reason })) };
    }
    const kept = Math.floor(census.total * this.#options.renewalPercentThreshold);
    const limit = Math.min(others.length, census.total - kept);
    const shuffled = this.#pick(others, limit);
    const reason = `one run ends at most ${limit} leases of ${census.total}: it waits for the next`;
    const held = shuffled.slice(limit).map((lease) => ({ lease, reason }));
    return { end: [...dead, ...shuffled.slice(0, limit)], held };
  }

  renewals(nowMs: number): { lastMinute: number; threshold: number } {
    const { expectedClientRenewalIntervalSeconds: seconds, renewalPercentThreshold: share } = this.#options;
    const threshold = Math.floor(this.#expectedClients * (60 / seconds) * share);
    return { lastMinute: this.#rate.lastMinute(nowMs), threshold };
  }

  explain(size: number, held: number): string {
    if (held === 0) return "all renew, or their leases ended as they should";
    return `${held} of ${size} have expired and are kept, as Eureka does below 85 % of the expected heartbeats`;
  }

  /** Every 15 minutes the expectation follows the registry, unless that has shrunk below 85 % of it. */
  #updateExpected(total: number, nowMs: number): void {
    if (nowMs - this.#lastUpdateMs < this.#options.renewalThresholdUpdateIntervalMs) return;
    this.#lastUpdateMs = nowMs;
    const share = this.#options.renewalPercentThreshold;
    if (total > share * this.#expectedClients || !this.#options.enableSelfPreservation) this.#expectedClients = total;
  }

  /** The first `count` of the answer are a fair choice (Knuth's shuffle, as far as needed). */
  #pick(leases: readonly ExpiredLease[], count: number): ExpiredLease[] {
    const shuffled = [...leases];
    for (let i = 0; i < count; i++) {
      const j = i + this.#random.below(shuffled.length - i);
      const [a, b] = [shuffled[i], shuffled[j]];
      if (a !== undefined && b !== undefined) [shuffled[i], shuffled[j]] = [b, a];
    }
    return shuffled;
  }
}
