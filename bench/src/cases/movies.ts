import { type BenchCase, type BenchContext, size } from "../bench-context.ts";
import { BenchStack } from "../bench-stack.ts";
import { type Measured, median } from "../figure.ts";
import { runLoad } from "../load.ts";
import { startApi } from "../movies/api-process.ts";
import { installedPeers } from "../peers.ts";

const modes = ["on", "off"] as const;
const rate = 100;

interface Seen {
  readonly cpuMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What the sample's `api` costs with everything on, and on node:http and plain undici Pools with everything off. */
async function* onAndOff(context: BenchContext): AsyncGenerator<Measured> {
  await installedPeers(context.root, context.say);
  await using stack = new BenchStack(context.root, "examples/movies");
  await stack.up();
  const [rounds, seconds] = [size(context, 1, 5), size(context, 3, 10)];
  const seen: Record<(typeof modes)[number], Seen[]> = { on: [], off: [] };
  for (let round = 0; round < rounds; round++) {
    for (const mode of modes) {
      await using api = await startApi(context.root, await stack.serving(), mode, round);
      const load = { edge: api.url, rate, postShare: 0 };
      await runLoad(context.root, { ...load, seconds: size(context, 2, 8), run: "warm" });
      const before = api.cpuMs();
      const report = await runLoad(context.root, { ...load, seconds, run: `${mode}${round}` });
      if (report.failed > 0) throw new Error(`everything ${mode}: ${report.failed} of ${report.sent} failed`);
      const { p50Ms, p99Ms } = report;
      seen[mode].push({ cpuMs: (api.cpuMs() - before) / report.sent, p50Ms, p99Ms });
    }
  }
  const of = (mode: "on" | "off", what: keyof Seen): number => median(seen[mode].map((one) => one[what]));
  const peerName = "the same service on node:http and plain undici Pools";
  const note = `pages of three to four calls to other services; ${rate} requests a second, open loop, ${seconds} s, ${rounds} interleaved rounds, medians; one process beside a running stack`;
  for (const [name, what, unit] of [
    ["CPU of a request", "cpuMs", "ms"],
    ["p50", "p50Ms", "ms"],
    ["p99", "p99Ms", "ms"],
  ] as const) {
    yield {
      case: `api with everything on, ${name}`,
      ours: of("on", what),
      peer: of("off", what),
      peerName,
      unit,
      note,
    };
  }
}

export const cases: readonly BenchCase[] = [{ name: "api", run: onAndOff }];
