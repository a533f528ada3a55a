import type { Random } from "@holdfast/kernel";
import type { ServerState } from "./server-state.ts";

/** Own zone is left when its server is so much costlier than one elsewhere, and has so many calls or is so slow. */
const overflowFactor = 4;
const overflowOutstanding = 8;
const overflowMs = 25;
const nearlyEqual = 1.25;

/**
 * Picks a server for one try: never one of `tried`, available ones before ejected ones (when all are ejected, all count:
 * panic), own zone before others while it is not clearly busier, and of two random ones the cheaper.
 */
export function pick(
  servers: readonly ServerState[],
  tried: readonly ServerState[],
  zone: string | undefined,
  nowMs: number,
  random: Random,
): ServerState | undefined {
  let open = servers.filter((server) => server.available(nowMs) && !tried.includes(server));
  if (open.length === 0) open = servers.filter((server) => server.listed && !tried.includes(server));
  if (open.length <= 1) return open[0];
  const near = zone === undefined ? open : open.filter((server) => server.record.zone === zone);
  if (near.length === 0 || near.length === open.length) return ofTwo(open, nowMs, random);
  const local = ofTwo(near, nowMs, random);
  const any = ofTwo(open, nowMs, random);
  if (local === undefined || any === undefined) return local ?? any;
  const isLoaded = local.outstanding >= overflowOutstanding || local.ewmaMs(nowMs) >= overflowMs;
  return isLoaded && any.cost(nowMs) * overflowFactor < local.cost(nowMs) ? any : local;
}

/** Power of two choices (Mitzenmacher): two at random, the cheaper one. */
function ofTwo(servers: readonly ServerState[], nowMs: number, random: Random): ServerState | undefined {
  const first = random.below(servers.length);
  if (servers.length === 1) return servers[0];
  const offset = 1 + random.below(servers.length - 1);
  const [a, b] = [servers[first], servers[(first + offset) % servers.length]];
  if (a === undefined || b === undefined) return a ?? b;
  // Nearly equal is equal: the first is random already, and nobody starves for a fraction of a millisecond.
  return a.cost(nowMs) <= b.cost(nowMs) * nearlyEqual ? a : b;
}
