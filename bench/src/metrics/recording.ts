import { join } from "node:path";
import { type BenchContext, size } from "../bench-context.ts";
import { type Goal, type Measured, median } from "../figure.ts";
import { installedPeers, runProgram } from "../peers.ts";

interface Cost {
  readonly ns: number;
  readonly bytes: number;
}

const program = join(import.meta.dirname, "record-cost.ts");
/**
 * So much is never allocated within a run: nothing is collected while bytes are counted. Not for times: the first touch of each
 * page of so large a space costs as much as half a look-up.
 */
const wide = ["--min-semi-space-size=256", "--max-semi-space-size=256"];
const runs = 7;
const prom = "prom-client 15";
const otel = "@opentelemetry/sdk-metrics 3";
const spectator = "nflx-spectator 1";

/** A meter that was resolved before. */
export async function* resolved(context: BenchContext): AsyncIterable<Measured> {
  const names = ["counter-ours", "counter-prom", "counter-spectator", "timer-ours", "timer-prom", "timer-spectator"];
  const cost = await measure(context, [...names, "percentile-ours", "percentile-spectator"]);
  const one = (what: string, name: string, peerName: string, peer: string, goal?: Goal): Measured => ({
    case: what,
    ours: cost(name).ns,
    unit: "ns",
    peer: cost(peer).ns,
    peerName,
    ...(goal === undefined ? {} : { goal }),
    note: words(context),
  });
  yield one("counter, resolved", "counter-ours", `${prom}, child by labels()`, "counter-prom", {
    most: 5,
    ratio: 0.02,
  });
  yield one("counter, resolved, beside Spectator", "counter-ours", spectator, "counter-spectator");
  yield one("timer with histogram, resolved", "timer-ours", `${prom}, 20 buckets`, "timer-prom", { most: 15 });
  yield one(
    "timer with histogram, resolved, beside Spectator",
    "timer-ours",
    `${spectator}, no histogram`,
    "timer-spectator",
  );
  yield one("percentile timer, resolved", "percentile-ours", spectator, "percentile-spectator", { most: 30 });
  const own = ["counter-ours", "timer-ours", "percentile-ours"];
  const allocated = await measure(context, own, wide);
  for (const name of own) {
    const bytes = Math.round(allocated(name).bytes * 10) / 10;
    yield {
      case: `bytes of one recording, ${name.replace("-ours", "")}`,
      ours: bytes,
      unit: "bytes",
      goal: { most: 0 },
    };
  }
}

/** A counter found by its name and four tags, and incremented. */
export async function* lookups(context: BenchContext): AsyncIterable<Measured> {
  const cost = await measure(context, [
    "lookup-ours",
    "lookup-frozen",
    "lookup-prom",
    "lookup-otel",
    "lookup-spectator",
  ]);
  const one = (what: string, name: string, peerName: string, peer: string, goal?: Goal): Measured => ({
    case: `4 tags, ${what}`,
    ours: cost(name).ns,
    unit: "ns",
    peer: cost(peer).ns,
    peerName,
    ...(goal === undefined ? {} : { goal }),
    note: `a new tags object each time; ${words(context)}`,
  });
  yield one("looked up and counted", "lookup-ours", prom, "lookup-prom", { most: 150, ratio: 0.333 });
  yield one("looked up and counted, beside OpenTelemetry", "lookup-ours", otel, "lookup-otel", { ratio: 0.111 });
  yield one("looked up and counted, beside Spectator", "lookup-ours", spectator, "lookup-spectator");
  yield { ...one("looked up by a frozen object", "lookup-frozen", prom, "lookup-prom"), note: words(context) };
}

/** What a request costs by being measured after Atlas' IPC specification. */
export async function* ipc(context: BenchContext): AsyncIterable<Measured> {
  const cost = await measure(context, ["ipc-ours", "ipc-none"]);
  const ours = cost("ipc-ours").ns - cost("ipc-none").ns;
  const note = `ipc.server.call by endpoint, method, status, and ipc.server.inflight; ${words(context)}`;
  yield { case: "a request measured", ours, unit: "ns", note };
}

/** Each round runs every subject once, in turn; medians over the rounds. */
async function measure(
  context: BenchContext,
  names: readonly string[],
  flags: readonly string[] = [],
): Promise<(name: string) => Cost> {
  await installedPeers(context.root, context.say);
  const costs = new Map<string, Cost[]>(names.map((name) => [name, []]));
  for (let round = 0; round < roundsOf(context); round++) {
    for (const name of names) {
      const args = ["--no-warnings", ...flags, program, name, String(timesOf(context)), String(runs)];
      const out = await runProgram(process.execPath, args, { cwd: context.root, timeoutMs: 120_000 });
      costs.get(name)?.push(JSON.parse(out) as Cost);
    }
  }
  return (name) => {
    const all = costs.get(name) ?? [];
    return { ns: median(all.map(({ ns }) => ns)), bytes: median(all.map(({ bytes }) => bytes)) };
  };
}

function timesOf(context: BenchContext): number {
  return size(context, 50_000, 400_000);
}

function roundsOf(context: BenchContext): number {
  return size(context, 1, 5);
}

function words(context: BenchContext): string {
  return `by turns over 100 series; ${roundsOf(context)} interleaved rounds of ${runs} × ${timesOf(context)}, medians of CPU time`;
}
