import { performance } from "node:perf_hooks";
import { getHeapSpaceStatistics, getHeapStatistics } from "node:v8";
import type { MeterRegistry } from "../registry/meter-registry.ts";
import { watchGcPauses } from "./gc-pauses.ts";
import { OpenFiles } from "./open-files.ts";

const watched = new WeakMap<MeterRegistry, () => void>();

/**
 * What Node knows of its process, under the names of nflx-spectator's Node metrics: memory and heap spaces (bytes), CPU (s, by
 * `id`), utilisation of the event loop since the last read (0 to 1), collections, open files, what keeps the loop alive. All but
 * the collections are asked for when somebody reads: a process that nobody looks at does nothing (a timer for this, times
 * thirty processes, was half of what an idle stack used). Once a registry; returns the way to end it.
 */
export function watchProcess(meters: MeterRegistry): () => void {
  const known = watched.get(meters);
  if (known !== undefined) return known;
  const ends = [watchGcPauses(meters), meters.beforeRead(reader(meters))];
  const end = (): void => {
    watched.delete(meters);
    for (const one of ends) one();
  };
  watched.set(meters, end);
  return end;
}

function reader(meters: MeterRegistry): () => void {
  const cpu = {
    user: meters.counter("nodejs.cpu", { id: "user" }),
    system: meters.counter("nodejs.cpu", { id: "system" }),
  };
  const files = new OpenFiles(meters);
  let cpuBefore = { user: 0, system: 0 };
  let loopBefore = performance.eventLoopUtilization();
  const gauge = (name: string, value: number): void => meters.gauge(name).set(value);
  return () => {
    const memory = process.memoryUsage();
    gauge("nodejs.rss", memory.rss);
    gauge("nodejs.heapUsed", memory.heapUsed);
    gauge("nodejs.heapTotal", memory.heapTotal);
    gauge("nodejs.heapLimit", getHeapStatistics().heap_size_limit);
    gauge("nodejs.external", memory.external);
    gauge("nodejs.arrayBuffers", memory.arrayBuffers);
    for (const space of getHeapSpaceStatistics()) {
      // Most of them hold a page or nothing; what matters are new, old and large objects.
      if (space.space_used_size > 0) {
        meters.gauge("nodejs.heapSpaceUsed", { space: space.space_name }).set(space.space_used_size);
      }
    }
    const usage = process.cpuUsage();
    cpu.user.increment((usage.user - cpuBefore.user) / 1e6);
    cpu.system.increment((usage.system - cpuBefore.system) / 1e6);
    cpuBefore = usage;
    const loop = performance.eventLoopUtilization();
    gauge("nodejs.eventLoop.utilization", performance.eventLoopUtilization(loop, loopBefore).utilization);
    loopBefore = loop;
    gauge("nodejs.activeResources", process.getActiveResourcesInfo().length);
    files.read();
  };
}
