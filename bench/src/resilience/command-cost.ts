import { join } from "node:path";
import { type BenchContext, size } from "../bench-context.ts";
import { type Goal, type Measured, median } from "../figure.ts";
import { installedPeers, runProgram } from "../peers.ts";

interface Cost {
  readonly ns: number;
  readonly bytes: number;
}

type Mode = "sequential" | "parallel";

interface Way {
  readonly mode: Mode;
  readonly circuit: "closed" | "open";
  readonly calls: number;
  /** For node. */
  readonly flags?: readonly string[];
}

const program = join(import.meta.dirname, "call-cost.ts");
const opossum = "opossum 10";
const cockatiel = "cockatiel 4 (fallback, breaker, bulkhead, timeout)";
const hystrixjs = "hystrixjs 0.2";
const runs = 7;

/** What a call through a full command costs, above a bare `await fn()`, beside what peers cost that do as much. */
export async function* commandCost(context: BenchContext): AsyncIterable<Measured> {
  await proven(context, ["ours", "opossum", "cockatiel", "hystrixjs"]);
  for (const mode of ["sequential", "parallel"] as const) {
    const way = { mode, circuit: "closed", calls: callsOf(context) } as const;
    const costs = await measure(context, ["raw", "ours", "opossum", "cockatiel", "hystrixjs"], way);
    const beside = (name: string, peerName: string, peer: string, goal?: Goal): Measured => ({
      case: `full command, ${mode}${name}`,
      ours: netNs(costs, "ours"),
      unit: "ns/call",
      peer: netNs(costs, peer),
      peerName,
      ...(goal === undefined ? {} : { goal }),
      note: `breaker, bulkhead, timeout, rolling statistics and fallback shown to work; ${words(context)}`,
    });
    yield beside("", opossum, "opossum", { ratio: 0.55 });
    yield beside(", beside cockatiel", cockatiel, "cockatiel", { ratio: 0.04 });
    yield beside(", beside hystrixjs", hystrixjs, "hystrixjs");
  }
}

/** The same where V8 has just collected everything, and forgotten what it knew of objects none of which was left. */
export async function* afterCollection(context: BenchContext): AsyncIterable<Measured> {
  await installedPeers(context.root, context.say);
  const way = { mode: "sequential", circuit: "closed", calls: callsOf(context), flags: ["--expose-gc"] } as const;
  const costs = await measure(context, ["raw", "ours", "opossum"], way);
  yield {
    case: `full command, sequential, ${way.calls} calls after a full collection`,
    ours: netNs(costs, "ours"),
    unit: "ns/call",
    peer: netNs(costs, "opossum"),
    peerName: opossum,
    goal: { ratio: 0.55 },
    note: words(context),
  };
}

/** A call that an open circuit refuses, and its fallback answers. Failures have opened it; it stays open for an hour. */
export async function* shortCircuit(context: BenchContext): AsyncIterable<Measured> {
  await proven(context, ["ours", "opossum"]);
  for (const mode of ["sequential", "parallel"] as const) {
    const costs = await measure(context, ["raw", "ours", "opossum"], {
      mode,
      circuit: "open",
      calls: callsOf(context),
    });
    yield {
      case: `short-circuited call with fallback, ${mode}`,
      ours: netNs(costs, "ours"),
      unit: "ns/call",
      peer: netNs(costs, "opossum"),
      peerName: opossum,
      goal: { most: 100 },
      note: `a circuit that failures have opened; ${words(context)}`,
    };
  }
}

/** Bytes of the young generation that a call takes. */
export async function* allocation(context: BenchContext): AsyncIterable<Measured> {
  await proven(context, ["ours", "opossum", "cockatiel"]);
  const flags = ["--expose-gc", "--min-semi-space-size=256", "--max-semi-space-size=256"];
  const way = { mode: "sequential", circuit: "closed", calls: 10_000, flags } as const;
  const costs = await measure(context, ["raw", "ours", "opossum", "cockatiel"], way);
  const note = `growth of the heap above a bare await's; 10000 calls within which nothing is collected; ${rounds(context)}`;
  const about = { ours: netBytes(costs, "ours"), unit: "bytes/call", note };
  yield { ...about, case: "allocation", peer: netBytes(costs, "opossum"), peerName: opossum, goal: { ratio: 0.8 } };
  yield { ...about, case: "allocation, beside cockatiel", peer: netBytes(costs, "cockatiel"), peerName: cockatiel };
}

const callsOf = (context: BenchContext): number => size(context, 20_000, 60_000);
const roundsOf = (context: BenchContext): number => size(context, 1, 7);

function rounds(context: BenchContext): string {
  return `a process each, ${roundsOf(context)} interleaved rounds of ${runs} runs, medians`;
}

function words(context: BenchContext): string {
  return `process.cpuUsage above a bare await's; ${callsOf(context)} calls a run, as many twice to warm up; ${rounds(context)}`;
}

/** @throws Error when one of them does not do what it is measured for. */
async function proven(context: BenchContext, names: readonly string[]): Promise<void> {
  await installedPeers(context.root, context.say);
  await Promise.all(names.map((name) => runProgram(process.execPath, [program, name, "proof"])));
}

type Costs = ReadonlyMap<string, readonly Cost[]>;

function netNs(costs: Costs, name: string): number {
  const nsOf = (one: string): number => median((costs.get(one) ?? []).map((cost) => cost.ns));
  return nsOf(name) - nsOf("raw");
}

function netBytes(costs: Costs, name: string): number {
  const bytesOf = (one: string): number => median((costs.get(one) ?? []).map((cost) => cost.bytes));
  return bytesOf(name) - bytesOf("raw");
}

/** Rounds in each of which every subject has its turn, in a process of its own. */
async function measure(context: BenchContext, names: readonly string[], way: Way): Promise<Costs> {
  const costs = new Map<string, Cost[]>(names.map((name) => [name, []]));
  for (let round = 0; round < roundsOf(context); round++) {
    for (const name of names) {
      // The bare function has no circuit.
      const circuit = name === "raw" ? "closed" : way.circuit;
      const args = [...(way.flags ?? []), program, name, way.mode, circuit, String(way.calls), String(runs)];
      const printed = await runProgram(process.execPath, args, { timeoutMs: 120_000 });
      costs.get(name)?.push(JSON.parse(printed) as Cost);
    }
  }
  return costs;
}
