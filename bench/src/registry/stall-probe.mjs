// Preloaded into a server under test: on SIGUSR2 it writes its longest event-loop stall since the last time, and its memory.
import { renameSync, writeFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";

const file = process.env["HOLDFAST_BENCH_PROBE"];
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
process.on("SIGUSR2", () => {
  const cpu = process.cpuUsage();
  const told = {
    maxMs: delay.max / 1e6,
    p99Ms: delay.percentile(99) / 1e6,
    over5: delay.percentile(99.9) / 1e6,
    rssMb: process.memoryUsage.rss() / 1_048_576,
    cpuMs: (cpu.user + cpu.system) / 1_000,
  };
  delay.reset();
  writeFileSync(`${file}.part`, JSON.stringify(told));
  renameSync(`${file}.part`, file);
});
