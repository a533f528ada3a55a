/**
 * A process of its own for one subject: `node record-cost.ts <subject> <times> <runs>`. Warms up with two runs, then prints one
 * JSON line: CPU nanoseconds and bytes of one recording, medians of the runs; for the bytes to be true, nothing may be collected
 * within a run (`--min-semi-space-size`). Fails when the subject's meters did not count every one of them.
 */
import { median } from "../figure.ts";
import { subjects } from "./subjects.ts";

const [name = "", timesText = "1000000", runsText = "7"] = process.argv.slice(2);
const times = Number(timesText);
const make = subjects[name];
if (make === undefined) throw new Error(`${name}: no such subject`);
const subject = make();

const warmUps = 2;
for (let i = 0; i < warmUps; i++) subject.record(times);
const nanoseconds: number[] = [];
const bytes: number[] = [];
for (let i = 0; i < Number(runsText); i++) {
  const heap = process.memoryUsage().heapUsed;
  const cpu = process.cpuUsage();
  subject.record(times);
  const { user, system } = process.cpuUsage(cpu);
  bytes.push((process.memoryUsage().heapUsed - heap) / times);
  nanoseconds.push(((user + system) * 1_000) / times);
}
const expected = times * (warmUps + Number(runsText));
const counted = await subject.count();
if (counted !== expected) throw new Error(`${name}: counted ${counted}, not ${expected}`);
process.stdout.write(`${JSON.stringify({ ns: median(nanoseconds), bytes: median(bytes) })}\n`);
