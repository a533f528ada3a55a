import { MeterRegistry, type MeterSnapshot } from "@holdfast/metrics";
import type { InstanceObservation, InstanceState, InstanceUse, LaunchSpec } from "@holdfast/wire";

const states: readonly InstanceState[] = ["starting", "up", "unhealthy", "draining", "stopped"];

/** What an agent counts: instances by state, ends by reason, and how long starts take. */
export class AgentMeters {
  readonly #registry = new MeterRegistry();
  readonly #started = this.#registry.timer("agent.instance.start");

  /** Notes one change of an instance; `before` is its state until now. */
  changed(now: InstanceObservation, before: InstanceState | undefined): void {
    if (now.state === before) return;
    if (now.state === "stopped") this.#registry.counter("agent.instance.ends", { reason: now.reasonCode }).increment();
    if (now.state === "up" && before === "starting") this.#started.record(now.sinceMs - now.startedAtMs);
  }

  /** Counts `all` anew, so that the gauges cannot drift. */
  snapshot(all: readonly InstanceObservation[]): MeterSnapshot[] {
    for (const state of states) {
      const count = all.filter((observation) => observation.state === state).length;
      this.#registry.gauge("agent.instances", { state }).set(count);
    }
    return this.#registry.snapshot();
  }
}

/**
 * What instances use, by instance: `instance.cpu` (seconds since its start), `instance.memory` (bytes) and, where it has one,
 * `instance.memory.limit`. Made anew each time, so that nothing is kept of one that has ended.
 */
export function usageSnapshots(
  uses: readonly InstanceUse[],
  specOf: (id: InstanceUse["id"]) => LaunchSpec | undefined,
): MeterSnapshot[] {
  return uses.flatMap(({ id, cpuSeconds, memoryBytes }): MeterSnapshot[] => {
    const spec = specOf(id);
    if (spec === undefined) return [];
    const tags = { instance: id, service: spec.service };
    const limit = spec.resources?.memoryBytes;
    return [
      { kind: "counter", name: "instance.cpu", tags, count: cpuSeconds },
      { kind: "gauge", name: "instance.memory", tags, value: memoryBytes },
      ...(limit === undefined ? [] : [{ kind: "gauge", name: "instance.memory.limit", tags, value: limit } as const]),
    ];
  });
}
