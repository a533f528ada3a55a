import type { IncomingMessage } from "node:http";
import type { Clock, Random } from "@holdfast/kernel";
import type { MeterRegistry } from "@holdfast/metrics";
import {
  FixedLimit,
  type Limit,
  ProbingLimit,
  ServerLimiter,
  type ServerLimiterOptions,
  SimpleLimiter,
} from "@holdfast/resilience";

/** So many requests at a time, or as many as the service does without a queue, learnt; with who waits and who need not. */
export type ServerLimit =
  | number
  | "adaptive"
  | (Partial<ServerLimiterOptions> & { readonly max: number | "adaptive" | Limit });

interface Surroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly meters: MeterRegistry;
}

/** The limiter, and the function that brings its meters up to date: `server.limit`, `.active`, `.waiting`, `.refused`. */
export function serverLimit(
  { clock, random, meters }: Surroundings,
  wanted: ServerLimit | undefined,
): { readonly limiter: ServerLimiter; read(): void } | undefined {
  if (wanted === undefined) return undefined;
  const { max, ...options } = typeof wanted === "object" ? wanted : { max: wanted };
  const limit = max === "adaptive" ? new ProbingLimit(random.child("limit")) : max;
  const places = new SimpleLimiter<IncomingMessage>(clock, typeof limit === "number" ? new FixedLimit(limit) : limit);
  const limiter = new ServerLimiter(clock, places, options);
  const [most, active] = [meters.gauge("server.limit"), meters.gauge("server.limit.active")];
  const [waiting, refused] = [meters.gauge("server.limit.waiting"), meters.gauge("server.limit.refused")];
  const read = (): void => {
    most.set(places.limit);
    active.set(places.inFlight);
    waiting.set(limiter.waiting);
    refused.set(limiter.counts.refused.reduce((sum, one) => sum + one, 0));
  };
  return { limiter, read };
}
