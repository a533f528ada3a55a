import { join } from "node:path";
import { type BenchContext, size } from "../bench-context.ts";
import { median } from "../figure.ts";
import { runProgram } from "../peers.ts";
import type { SubjectName } from "./clients.ts";
import type { LoadOptions, LoadResult } from "./load.ts";

const program = join(import.meta.dirname, "load.ts");

export const roundsOf = (context: BenchContext): number => size(context, 1, 7);

/** What one subject did in all rounds. */
export interface Rounds {
  /** Share of calls answered 200, of the worst round and of the best. */
  readonly okLeast: number;
  readonly okMost: number;
  /** Medians of the rounds. */
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly cpuUs: number;
  /** Ours: tries by server, of all rounds. */
  readonly tries: readonly number[];
}

/** Rounds in each of which every subject has its turn, in a process of its own. */
export async function inRounds<const Names extends readonly SubjectName[]>(
  context: BenchContext,
  names: Names,
  options: Omit<LoadOptions, "subject">,
): Promise<Readonly<Record<Names[number], Rounds>>> {
  const results = new Map<SubjectName, LoadResult[]>(names.map((name) => [name, []]));
  for (let round = 0; round < roundsOf(context); round++) {
    for (const subject of names) results.get(subject)?.push(await runLoad({ ...options, subject }));
  }
  const entries = Array.from(results, ([name, all]) => [name, together(all)] as const);
  return Object.fromEntries(entries) as Record<Names[number], Rounds>;
}

export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const args = [program, JSON.stringify(options)];
  return JSON.parse(await runProgram(process.execPath, args, { timeoutMs: 120_000 })) as LoadResult;
}

function together(all: readonly LoadResult[]): Rounds {
  const shares = all.map((one) => one.ok / (one.ok + one.failed));
  return {
    okLeast: Math.min(...shares),
    okMost: Math.max(...shares),
    p99Ms: median(all.map((one) => one.p99Ms)),
    p999Ms: median(all.map((one) => one.p999Ms)),
    cpuUs: median(all.map((one) => one.cpuUs)),
    tries: (all[0]?.tries ?? []).map((_, i) => all.reduce((sum, one) => sum + (one.tries[i] ?? 0), 0)),
  };
}
