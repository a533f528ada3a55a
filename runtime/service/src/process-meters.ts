import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Clock } from "@holdfast/kernel";
import type { MeterRegistry } from "@holdfast/metrics";

const everyMs = 10_000;
const measured = new WeakSet<MeterRegistry>();

/** Memory, CPU and event-loop delay of this process as gauges, brought up to date each ten seconds. */
export function processMeters(meters: MeterRegistry, clock: Clock): void {
  if (measured.has(meters)) return;
  measured.add(meters);
  const rss = meters.gauge("process.memory.rss");
  const heap = meters.gauge("process.memory.heap");
  const cpu = meters.gauge("process.cpu.seconds");
  const delay = meters.gauge("process.eventloop.delay.p99");
  const loop = monitorEventLoopDelay({ resolution: 100 });
  loop.enable();
  const read = (): void => {
    const memory = process.memoryUsage();
    const usage = process.cpuUsage();
    rss.set(memory.rss);
    heap.set(memory.heapUsed);
    cpu.set((usage.user + usage.system) / 1e6);
    delay.set(loop.percentile(99) / 1e6);
    loop.reset();
  };
  read();
  clock.every(everyMs, read);
}
