import type { IncomingMessage } from "node:http";
import type { Clock } from "@holdfast/kernel";

export interface RateLimiterOptions {
  /** So many may come at once. */
  readonly burstSize: number;
  /** Fetches of any kind a second, on average. */
  readonly registryFetchAverageRate: number;
  /** Fetches of the whole registry a second, on average. */
  readonly fullFetchAverageRate: number;
  /** Whether Eureka's own clients are limited, too. */
  readonly throttleStandardClients: boolean;
  /** By `DiscoveryIdentity-Name`: never limited. */
  readonly privilegedClients: readonly string[];
}

/** `DefaultEurekaServerConfig`. */
export const rateLimiterDefaults: RateLimiterOptions = {
  burstSize: 10,
  registryFetchAverageRate: 500,
  fullFetchAverageRate: 100,
  throttleStandardClients: false,
  privilegedClients: [],
};

/** What Netflix's own clients call themselves. */
const standardClients: readonly string[] = ["DefaultClient", "DefaultServer"];
const appsPattern = /^.*\/apps(?:\/[^/]*)?$/;

export interface RateLimit {
  /** False: answer 503. */
  allows(req: IncomingMessage): boolean;
}

/** A bucket that fills at a rate and holds a burst (Eureka's `RateLimiter`, on monotonic time). */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #burst: number;
  readonly #perMs: number;
  #tokens: number;
  #filledAtMs: number;

  constructor(clock: Clock, burst: number, perSecond: number) {
    this.#clock = clock;
    this.#burst = burst;
    this.#perMs = perSecond / 1_000;
    this.#tokens = burst;
    this.#filledAtMs = clock.monotonicMs();
  }

  /** Takes a token, when there is one. */
  take(): boolean {
    // No burst or no rate: no limit, as in Eureka.
    if (this.#burst <= 0 || this.#perMs <= 0) return true;
    const nowMs = this.#clock.monotonicMs();
    this.#tokens = Math.min(this.#burst, this.#tokens + (nowMs - this.#filledAtMs) * this.#perMs);
    this.#filledAtMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

/** Eureka's `RateLimitingFilter`: protects the registry from clients that fetch too often. */
export class RateLimiter implements RateLimit {
  readonly #options: RateLimiterOptions;
  readonly #any: TokenBucket;
  readonly #full: TokenBucket;

  constructor(clock: Clock, options: Partial<RateLimiterOptions> = {}) {
    this.#options = { ...rateLimiterDefaults, ...options };
    const { burstSize, registryFetchAverageRate, fullFetchAverageRate } = this.#options;
    this.#any = new TokenBucket(clock, burstSize, registryFetchAverageRate);
    this.#full = new TokenBucket(clock, burstSize, fullFetchAverageRate);
  }

  allows(req: IncomingMessage): boolean {
    const path = (req.url ?? "/").split("?", 1)[0]?.replace(/\/+$/, "") ?? "";
    if (req.method !== "GET" || !appsPattern.test(path) || this.#isPrivileged(req)) return true;
    if (!this.#any.take()) return false;
    return !path.endsWith("/apps") || this.#full.take();
  }

  #isPrivileged(req: IncomingMessage): boolean {
    const name = req.headers["discoveryidentity-name"];
    if (typeof name !== "string") return false;
    if (this.#options.privilegedClients.includes(name)) return true;
    return !this.#options.throttleStandardClients && standardClients.includes(name);
  }
}
