/**
 * A process of its own for one subject: `node call-cost.ts <subject> <sequential|parallel> <calls> <runs>`. Prints one JSON
 * line: CPU nanoseconds of a call (median of the runs), the collector's work included, and bytes a call where the young
 * generation is so large (`--min-semi-space-size`) that nothing is collected within a run.
 */
import { subjects } from "./subjects.ts";

const [name = "", mode = "sequential", callsText = "20000", runsText = "7"] = process.argv.slice(2);
const calls = Number(callsText);
const make = subjects[name];
if (make === undefined) throw new Error(`${name}: no such subject`);
const subject = make();
const wide = 100;

async function run(): Promise<void> {
  if (mode === "sequential") {
    for (let i = 0; i < calls; i++) await subject();
    return;
  }
  for (let i = 0; i < calls; i += wide) await Promise.all(Array.from({ length: wide }, subject));
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
for (let i = 0; i < 2; i++) await run();
const nanoseconds: number[] = [];
const bytes: number[] = [];
for (let i = 0; i < Number(runsText); i++) {
  const heap = process.memoryUsage().heapUsed;
  const cpu = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(cpu);
  nanoseconds.push(((user + system) * 1_000) / calls);
  // A collection in between makes it less than nothing.
  bytes.push(Math.max(0, process.memoryUsage().heapUsed - heap) / calls);
}
process.stdout.write(`${JSON.stringify({ ns: median(nanoseconds), bytes: median(bytes) })}\n`);
process.exit(0);
