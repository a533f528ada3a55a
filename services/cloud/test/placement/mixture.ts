import { SeededRandom } from "@holdfast/kernel";
import type { Host } from "../../src/placement/host.ts";
import type { PlacementTask } from "../../src/placement/placer.ts";
import { resources } from "../../src/placement/resources.ts";
import { mebibyte } from "./placement-world.ts";

/** A hundred hosts of two shapes in three zones, a thousand tasks from a tenth of a core to two, with memory of their own. */
export function mixture(seed: number): { hosts: Host[]; tasks: PlacementTask[] } {
  const random = new SeededRandom(seed);
  const hosts = Array.from({ length: 100 }, (_, index): Host => {
    const size = index % 2 === 0 ? 8 : 16;
    return {
      name: `host${index}`,
      zone: `zone-${index % 3}`,
      attributes: {},
      capacity: resources({ milliCpu: size * 1_000, memoryBytes: size * 4_096 * mebibyte }),
    };
  });
  const tasks = Array.from(
    { length: 1_000 },
    (_, index): PlacementTask => ({
      id: `task${index}`,
      job: `job${index % 20}`,
      request: resources({
        milliCpu: 100 + random.below(20) * 100,
        memoryBytes: (256 + random.below(32) * 256) * mebibyte,
      }),
      hard: [],
      soft: [],
    }),
  );
  return { hosts, tasks };
}
