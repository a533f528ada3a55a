import { Placer } from "../../src/placement/placer.ts";
import { hostsInUse, scheduleOnce } from "../../src/placement/schedule.ts";
import { firstFitDecreasing } from "./first-fit-decreasing.ts";
import { mixture } from "./mixture.ts";

/**
 * Places a thousand tasks on a hundred hosts, ours and first-fit-decreasing in turns on the same mixtures, and prints the
 * median time of each, the slowest of ours, and how many hosts they used in all: `node placement-cost.ts <rounds>`.
 */
const rounds = Number(process.argv[2] ?? 5);
const ours: number[] = [];
const theirs: number[] = [];
let hosts = 0;
let yardstick = 0;
let refused = 0;
let worstRatio = 0;
for (let seed = 1; seed <= rounds; seed++) {
  const world = mixture(seed);
  const placer = new Placer(world.hosts);
  const from = performance.now();
  const outcomes = scheduleOnce(placer, world.tasks);
  const between = performance.now();
  const least = firstFitDecreasing(world.hosts, world.tasks) ?? 0;
  theirs.push(performance.now() - between);
  ours.push(between - from);
  const used = hostsInUse(placer);
  hosts += used;
  yardstick += least;
  worstRatio = Math.max(worstRatio, used / least);
  refused += outcomes.filter(({ kind }) => kind === "refused").length;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const figures = {
  ms: median(ours),
  worstMs: Math.max(...ours),
  peerMs: median(theirs),
  hosts,
  yardstick,
  worstRatio,
  refused,
};
process.stdout.write(`${JSON.stringify(figures)}\n`);
