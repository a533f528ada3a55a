import { type EventLoopUtilization, performance } from "node:perf_hooks";
import type { MeterRegistry } from "@holdfast/metrics";

/**
 * Memory, CPU and event-loop utilisation of this process as gauges. Returns the function that brings them up to date, to be
 * called when somebody looks: a process that nobody looks at does nothing (a timer for this, times thirty processes, was
 * half of what an idle stack used).
 */
export function processMeters(meters: MeterRegistry): () => void {
  const rss = meters.gauge("process.memory.rss");
  const heap = meters.gauge("process.memory.heap");
  const cpu = meters.gauge("process.cpu.seconds");
  const busy = meters.gauge("process.eventloop.utilization");
  let before: EventLoopUtilization = performance.eventLoopUtilization();
  return () => {
    const memory = process.memoryUsage();
    const usage = process.cpuUsage();
    const now = performance.eventLoopUtilization();
    rss.set(memory.rss);
    heap.set(memory.heapUsed);
    cpu.set((usage.user + usage.system) / 1e6);
    busy.set(performance.eventLoopUtilization(now, before).utilization);
    before = now;
  };
}
