import { join } from "node:path";
import { type BenchCase, type BenchContext, size } from "../bench-context.ts";
import type { Measured } from "../figure.ts";
import { runProgram } from "../peers.ts";

/** Fenzo's rules beside first-fit-decreasing on the same tasks and hosts, in a process of its own. */
async function* placement(context: BenchContext): AsyncIterable<Measured> {
  const rounds = size(context, 5, 40);
  const program = join(context.root, "services/cloud/test/placement/placement-cost.ts");
  const printed = await runProgram(process.execPath, [program, String(rounds)], { timeoutMs: 120_000 });
  const figures: Record<"ms" | "worstMs" | "peerMs" | "hosts" | "yardstick" | "worstRatio" | "refused", number> =
    JSON.parse(printed);
  const mixtures = `${rounds} mixtures of 1,000 tasks on 100 hosts, ${figures.refused} refused`;
  const peerName = "first-fit-decreasing";
  yield {
    case: "1,000 tasks on 100 hosts, slowest",
    ours: figures.worstMs,
    unit: "ms",
    peer: figures.peerMs,
    peerName,
    goal: { most: 1_000 },
    note: `${mixtures}; median ${figures.ms.toFixed(0)} ms; the peer's is a median`,
  };
  yield {
    case: "hosts used",
    ours: figures.hosts,
    unit: "hosts",
    peer: figures.yardstick,
    peerName,
    goal: { ratio: 1.05 },
    note: `all of ${mixtures}; the worst of them ${figures.worstRatio.toFixed(3)} times`,
  };
}

export const cases: readonly BenchCase[] = [{ name: "placement", run: placement }];
