import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  endHolder,
  enterHouse,
  KernelFaults,
  Namespaces,
  shellIn,
  startHolder,
  TunDelays,
} from "@holdfast/engine-process";
import { SystemClock, silentLog } from "@holdfast/kernel";
import type { NetworkFault, NetworkPlace } from "@holdfast/wire";
import { type BenchCase, type BenchContext, size } from "../bench-context.ts";
import { type Measured, median } from "../figure.ts";

const clock = new SystemClock();
const rootless = process.getuid?.() !== 0;

/** A network of its own for `work`, and its end. */
async function inNetwork<T>(work: (place: NetworkPlace, prefix: readonly string[]) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  const place = await startHolder(clock, join(directory, "net"), rootless);
  try {
    return await work(place, enterHouse(place));
  } finally {
    endHolder(place);
    rmSync(directory, { recursive: true, force: true });
  }
}

function addresses(regions: number, zones: number, hosts: number): string[] {
  const all: string[] = [];
  for (let r = 1; r <= regions; r++)
    for (let z = 1; z <= zones; z++) for (let i = 10; i < 10 + hosts; i++) all.push(`127.${r}.${z}.${i}`);
  return all;
}

async function* namespaces(context: BenchContext): AsyncGenerator<Measured> {
  for (const [hosts, most] of [
    [3, 500],
    [18, 3_000],
  ] as const) {
    const took: number[] = [];
    for (let round = 0; round < size(context, 1, 7); round++) {
      const from = performance.now();
      await inNetwork(async (place, prefix) => {
        await new Namespaces(shellIn(prefix), place).ensure(addresses(2, 3, hosts));
        took.push(performance.now() - from);
      });
    }
    const note = `2 regions of 3 zones, ${hosts} instances each, with their router; ${rootless ? "in a user namespace" : "as root"}; ${took.length} rounds, median, worst ${Math.max(...took).toFixed(0)} ms`;
    yield { case: `${6 * hosts} namespaces`, ours: median(took), unit: "ms", goal: { most }, note };
  }
}

async function* faults(context: BenchContext): AsyncGenerator<Measured> {
  const took: Record<"on" | "off", number[]> = { on: [], off: [] };
  const rounds = size(context, 5, 200);
  await inNetwork(async (place, prefix) => {
    const shell = shellIn(prefix);
    await new Namespaces(shell, place).ensure(addresses(2, 3, 3));
    const delays = new TunDelays(clock, shell, "", prefix);
    const engine = new KernelFaults({ clock, log: silentLog, shell, delays, directory: place.directory });
    await engine.start();
    const others = ["127.1.1.0/24", "127.1.3.0/24", "127.2.0.0/16"];
    const pairs: NetworkFault["pairs"] = others.flatMap((block) => [
      [block, "127.1.2.0/24"] as const,
      ["127.1.2.0/24", block] as const,
    ]);
    for (let round = 0; round < rounds; round++) {
      const from = performance.now();
      await engine.apply({ id: "cut", kind: "partition", pairs }, 5_000);
      const on = performance.now();
      await engine.clear("cut");
      took.on.push(on - from);
      took.off.push(performance.now() - on);
    }
    await engine.close();
  });
  for (const [way, times] of Object.entries(took)) {
    const sorted = times.toSorted((a, b) => a - b);
    const p99 = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))] ?? Number.NaN;
    const note = `a zone cut off from five others, the command and its answer; ${times.length} times, median ${median(times).toFixed(1)} ms`;
    yield { case: `a fault goes ${way}: p99`, ours: p99, unit: "ms", goal: { most: 100 }, note };
  }
}

/** Networks of namespaces and their faults; needs what `holdfast doctor` names for isolation netns. */
export const cases: readonly BenchCase[] = [
  { name: "namespaces", run: namespaces },
  { name: "faults", run: faults },
];
