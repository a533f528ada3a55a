import { type BenchContext, size } from "../bench-context.ts";
import { type Measured, median } from "../figure.ts";
import { installedPeers } from "../peers.ts";
import type { LoadResult } from "./load.ts";
import { roundsOf, runLoad } from "./rounds.ts";
import { startServers } from "./servers.ts";

/** Choosing among very many, and how evenly a hundred are used. */
export async function* picking(context: BenchContext): AsyncIterable<Measured> {
  await installedPeers(context.root, context.say);
  await using good = await startServers(100, "ok");
  yield await imbalance(context, good.ports);
  // Ten identities at each port: all of them have been called, and have an average.
  const ports = Array.from({ length: 1_000 }, (_, i) => good.ports[i % good.ports.length] ?? 0);
  const picks = size(context, 20_000, 500_000);
  for (const zones of [1, 3]) {
    const rounds: LoadResult[] = [];
    for (let i = 0; i < roundsOf(context); i++) {
      rounds.push(await runLoad({ subject: "json", ports, zones, warmUp: 0, calls: 5_000, wide: 100, picks }));
    }
    const picked = Math.min(...rounds.map((one) => one.picked));
    const how = `BalancedClient.pickOne, power of two choices, after 5000 calls; ${rounds.length} rounds of 9 × ${picks}, medians of CPU time; ${picked} different servers in 20,000 picks`;
    yield {
      case: zones === 1 ? "a pick among 1,000 servers" : `a pick among 1,000 servers in ${zones} zones`,
      ours: median(rounds.map((one) => one.pickNs)),
      unit: "ns",
      goal: { most: 300 },
      note: how,
    };
  }
}

async function imbalance(context: BenchContext, ports: readonly number[]): Promise<Measured> {
  const calls = size(context, 5_000, 50_000);
  const worst: number[] = [];
  for (let i = 0; i < roundsOf(context); i++) {
    const { tries } = await runLoad({ subject: "json", ports, warmUp: calls, calls, wide: 100 });
    worst.push((Math.max(...tries) * tries.length) / tries.reduce((sum, one) => sum + one, 0));
  }
  return {
    case: "imbalance of 100 servers, busiest / mean",
    ours: median(worst),
    unit: "",
    goal: { most: 1.2 },
    note: `json(), ${calls} GETs after as many to warm up, 100 at a time, over 100 ports of one process; ${worst.length} rounds, median; worst ${Math.max(...worst).toFixed(2)}; 1.2 of ${calls / 100} calls each is ${((0.2 * calls) / 100 / Math.sqrt(calls / 100)).toFixed(1)} standard deviations of choosing at random`,
  };
}
