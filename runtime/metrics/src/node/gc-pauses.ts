import { constants, PerformanceObserver } from "node:perf_hooks";
import type { Timer } from "../meters/timer.ts";
import type { MeterRegistry } from "../registry/meter-registry.ts";

/** Spectator's names for V8's kinds of collection. */
const kinds: ReadonlyMap<number, string> = new Map([
  [constants.NODE_PERFORMANCE_GC_MINOR, "scavenge"],
  [constants.NODE_PERFORMANCE_GC_MAJOR, "markSweepCompact"],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, "incrementalMarking"],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, "processWeakCallbacks"],
]);

/** `nodejs.gc.pause` by kind (`id`). Costs something only when there is a collection. Returns the way to end it. */
export function watchGcPauses(meters: MeterRegistry): () => void {
  const timers = new Map<number, Timer>();
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const kind = kindOf(entry);
      let timer = timers.get(kind);
      if (timer === undefined) {
        timer = meters.timer("nodejs.gc.pause", { id: kinds.get(kind) ?? "other" });
        timers.set(kind, timer);
      }
      timer.record(entry.duration);
    }
  });
  observer.observe({ entryTypes: ["gc"] });
  return () => observer.disconnect();
}

function kindOf(entry: object): number {
  const detail: unknown = "detail" in entry ? entry.detail : undefined;
  return typeof detail === "object" && detail !== null && "kind" in detail && typeof detail.kind === "number"
    ? detail.kind
    : -1;
}
