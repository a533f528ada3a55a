/**
 * A process of its own for one subject: `node call-cost.ts <subject> <sequential|parallel> <closed|open> <calls> <runs>`.
 * Warms up with two runs, then prints one JSON line: CPU nanoseconds of a call (median of the runs; threads of the collector
 * and compiler included), and bytes a call where the young generation is so large (`--min-semi-space-size`) that nothing is
 * collected within a run. With `--expose-gc` everything is collected before each run. `calls` must be a multiple of 100.
 * `… <subject> proof` shows instead that the subject does what it is measured for.
 */
import { median } from "../figure.ts";
import { open, prove } from "./proof.ts";
import { type Subject, subjects } from "./subjects.ts";

const [name = "", mode = "sequential", circuit = "closed", callsText = "20000", runsText = "7"] = process.argv.slice(2);
const calls = Number(callsText);
const wide = 100;
const make = subjects[name];
if (make === undefined) throw new Error(`${name}: no such subject`);
if (mode === "proof") {
  await prove(name, make);
  process.exit(0);
}

let worked = 0;
let failing = circuit === "open";
async function work(): Promise<number> {
  worked += 1;
  if (failing) throw new Error("as told");
  return 1;
}

// Nothing is refused, nothing runs out, and no circuit tries to close, however slow the machine is.
const subject: Subject = make({ work, places: 10_000, timeoutMs: 1_000, sleepMs: 3_600_000 });
if (failing) {
  await open(subject);
  failing = false;
}

async function run(): Promise<void> {
  const { call } = subject;
  if (mode === "sequential") {
    for (let i = 0; i < calls; i++) await call();
    return;
  }
  for (let i = 0; i < calls; i += wide) await Promise.all(Array.from({ length: wide }, call));
}

for (let i = 0; i < 2; i++) await run();
const nanoseconds: number[] = [];
const bytes: number[] = [];
for (let i = 0; i < Number(runsText); i++) {
  globalThis.gc?.();
  worked = 0;
  const heap = process.memoryUsage().heapUsed;
  const cpu = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(cpu);
  bytes.push((process.memoryUsage().heapUsed - heap) / calls);
  nanoseconds.push(((user + system) * 1_000) / calls);
  check();
}
process.stdout.write(`${JSON.stringify({ ns: median(nanoseconds), bytes: median(bytes) })}\n`);
process.exit(0);

/** A figure of calls that were not made, or were made where the circuit is open, is none. */
function check(): void {
  const expected = circuit === "open" ? 0 : calls;
  if (worked !== expected) throw new Error(`${name}, ${circuit}: work was done ${worked} times, not ${expected}`);
}
