import type { InstanceFigures } from "@holdfast/insight-server";
import type { Clock } from "@holdfast/kernel";
import type { MeterSnapshot } from "@holdfast/metrics";
import type { Engine, InstanceObservation, InstanceUse } from "@holdfast/wire";

/** As often as others are asked for their metrics. */
const everyMs = 10_000;

/**
 * Looks, until `signal` aborts, what instances use that show no metrics of their own, be they programs in other languages:
 * so they can be scaled by their processor time, too. Engines that cannot tell leave them unmeasured.
 */
export async function measureFromOutside(
  clock: Clock,
  engine: Pick<Engine, "usage">,
  instances: () => readonly InstanceObservation[],
  figures: Pick<InstanceFigures, "add">,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const silent = new Map(
      instances()
        .filter(({ state, registeredByEngine }) => state === "up" && registeredByEngine)
        .map(({ spec, startedAtMs }) => [spec.id, startedAtMs]),
    );
    const uses = silent.size === 0 ? [] : ((await engine.usage?.([...silent.keys()])) ?? []);
    const nowMs = clock.wallMs();
    for (const use of uses) figures.add(use.id, snapshotsOf(use), nowMs, silent.get(use.id) ?? nowMs);
    await clock.sleep(everyMs, signal).catch(() => {});
  }
}

/** By the names under which programs of ours show the same. */
function snapshotsOf({ cpuSeconds, memoryBytes }: InstanceUse): MeterSnapshot[] {
  return [
    { kind: "counter", name: "nodejs.cpu", tags: {}, count: cpuSeconds },
    { kind: "gauge", name: "nodejs.rss", tags: {}, value: memoryBytes },
  ];
}
