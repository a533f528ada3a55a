import { join } from "node:path";
import { type BenchContext, size } from "../bench-context.ts";
import { type Measured, median } from "../figure.ts";
import { installedPeers, runProgram } from "../peers.ts";

interface Cost {
  readonly ns: number;
  readonly bytes: number;
}

type Mode = "sequential" | "parallel";

const program = join(import.meta.dirname, "call-cost.ts");

/** What a call through a full command costs, above a bare `await fn()`, beside what peers cost that do as much. */
export async function* commandCost(context: BenchContext): AsyncIterable<Measured> {
  await installedPeers(context.root, context.say);
  for (const mode of ["sequential", "parallel"] as const) {
    const net = await netCosts(context, mode, ["ours", "opossum", "cockatiel", "hystrixjs"]);
    const note = `breaker, bulkhead, timeout, rolling statistics, fallback armed; process.cpuUsage above a bare await; ${words(context)}`;
    const ours = net("ours");
    const about = { ours, unit: "ns/call", note };
    yield {
      ...about,
      case: `full command, ${mode}`,
      peer: net("opossum"),
      peerName: "opossum 10",
      goal: { ratio: 0.55 },
    };
    const cockatiel = { peer: net("cockatiel"), peerName: "cockatiel 4 (fallback, breaker, bulkhead, timeout)" };
    yield { ...about, case: `full command, ${mode}, beside cockatiel`, ...cockatiel, goal: { ratio: 0.04 } };
    yield {
      ...about,
      case: `full command, ${mode}, beside hystrixjs`,
      peer: net("hystrixjs"),
      peerName: "hystrixjs 0.2",
    };
  }
}

/** A call that an open circuit refuses, and its fallback answers. */
export async function* shortCircuit(context: BenchContext): AsyncIterable<Measured> {
  await installedPeers(context.root, context.say);
  for (const mode of ["sequential", "parallel"] as const) {
    const net = await netCosts(context, mode, ["ours-open", "opossum-open"]);
    yield {
      case: `short-circuited call with fallback, ${mode}`,
      ours: net("ours-open"),
      peer: net("opossum-open"),
      peerName: "opossum 10",
      unit: "ns/call",
      goal: { most: 100 },
      note: `above a bare await; ${words(context)}`,
    };
  }
}

/** Bytes of the young generation that a call takes. */
export async function* allocation(context: BenchContext): AsyncIterable<Measured> {
  await installedPeers(context.root, context.say);
  const subjects = ["raw", "ours", "opossum", "cockatiel"];
  const costs = await measure(context, subjects, "sequential", 10_000, [
    "--min-semi-space-size=256",
    "--max-semi-space-size=256",
  ]);
  const net = (name: string): number => bytesOf(costs, name) - bytesOf(costs, "raw");
  const about = {
    ours: net("ours"),
    unit: "bytes/call",
    note: "above a bare await; nothing is collected within a run",
  };
  yield { ...about, case: "allocation", peer: net("opossum"), peerName: "opossum 10", goal: { ratio: 0.8 } };
}

function words(context: BenchContext): string {
  const [calls, rounds] = [callsOf(context), roundsOf(context)];
  return `a process each, ${rounds} interleaved rounds of 7 × ${calls} calls, medians`;
}

const callsOf = (context: BenchContext): number => size(context, 20_000, 300_000);
const roundsOf = (context: BenchContext): number => size(context, 1, 5);

async function netCosts(
  context: BenchContext,
  mode: Mode,
  names: readonly string[],
): Promise<(name: string) => number> {
  const costs = await measure(context, ["raw", ...names], mode, callsOf(context), []);
  const nsOf = (name: string): number => median((costs.get(name) ?? []).map((cost) => cost.ns));
  return (name) => nsOf(name) - nsOf("raw");
}

function bytesOf(costs: ReadonlyMap<string, readonly Cost[]>, name: string): number {
  return median((costs.get(name) ?? []).map((cost) => cost.bytes));
}

async function measure(
  context: BenchContext,
  names: readonly string[],
  mode: Mode,
  calls: number,
  flags: readonly string[],
): Promise<ReadonlyMap<string, readonly Cost[]>> {
  const costs = new Map<string, Cost[]>(names.map((name) => [name, []]));
  for (let round = 0; round < roundsOf(context); round++) {
    for (const name of names) {
      // Slow peers say as much with fewer calls.
      const count =
        name === "cockatiel" || name === "hystrixjs" || name === "opossum-open" ? Math.ceil(calls / 10) : calls;
      const args = [...flags, program, name, mode, String(count), "7"];
      const printed = await runProgram(process.execPath, args, { timeoutMs: 120_000 });
      costs.get(name)?.push(JSON.parse(printed) as Cost);
    }
  }
  return costs;
}
