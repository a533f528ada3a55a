import { type BenchContext, size } from "../bench-context.ts";
import type { Measured } from "../figure.ts";
import { installedPeers } from "../peers.ts";
import { inRounds, roundsOf } from "./rounds.ts";
import { startApart } from "./servers.ts";

const names = [
  "undici-pools",
  "json",
  "dispatcher",
  "balanced-pool",
  "retry-agent",
  "undici-pools-fetch",
  "dispatcher-fetch",
  "fetch",
] as const;

/** What a call costs the calling process, where all is well. */
export async function* cost(context: BenchContext): AsyncIterable<Measured> {
  await installedPeers(context.root, context.say);
  await using good = await startApart(3, "ok");
  const calls = size(context, 2_000, 10_000);
  const load = { ports: good.ports, warmUp: calls, calls, wide: 50 };
  const done = await inRounds(context, names, load);
  for (const name of names) {
    if (done[name].okLeast < 1) throw new Error(`${name}: not all calls were answered, where all is well`);
  }
  const note = `user and system time of the calling process; ${calls} GETs after as many to warm up, 50 at a time; ${roundsOf(context)} interleaved rounds, medians`;
  const row = (what: string, ours: (typeof names)[number], peer: (typeof names)[number], peerName: string) => {
    const name = `CPU of a call, ${what}`;
    return { case: name, ours: done[ours].cpuUs, peer: done[peer].cpuUs, peerName, unit: "µs/request", note };
  };
  const goal = { ratio: 1.15 };
  const pools = "three plain undici Pools in turn";
  const fetched = "undici.fetch over three plain Pools in turn";
  yield { ...row("json()", "json", "undici-pools", pools), goal };
  yield { ...row("undici.request with our dispatcher", "dispatcher", "undici-pools", pools), goal };
  yield { ...row("undici.fetch with our dispatcher", "dispatcher-fetch", "undici-pools-fetch", fetched), goal };
  yield { ...row("fetch()", "fetch", "undici-pools-fetch", fetched), goal };
  yield { ...row("fetch(), beside bare requests", "fetch", "undici-pools", `${pools}, which make no Response`) };
  yield { ...row("json(), beside BalancedPool", "json", "balanced-pool", "undici BalancedPool") };
  yield { ...row("json(), beside retries", "json", "retry-agent", "undici RetryAgent over BalancedPool") };
}
