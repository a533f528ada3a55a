import type { RegistryPort } from "@holdfast/cloud-server";
import type { InstanceStatus } from "@holdfast/wire";
import type { Discovery } from "../discovery/discovery.ts";

/** What the registries say of instances, for groups that check by them. */
export class RegistryHealth implements RegistryPort {
  readonly #discovery: Discovery;

  constructor(discovery: Discovery) {
    this.#discovery = discovery;
  }

  async statuses(): Promise<ReadonlyMap<string, InstanceStatus>> {
    const best = new Map<string, InstanceStatus>();
    for (const view of await this.#discovery.everyView()) {
      for (const { id, status } of view) {
        const before = best.get(id);
        if (before === undefined || rank[status] > rank[before]) best.set(id, status);
      }
    }
    return best;
  }
}

/** Of two registries the one that has better news is believed: the other may be behind, or cut off. */
const rank = { DOWN: 0, UNKNOWN: 1, STARTING: 2, OUT_OF_SERVICE: 3, UP: 4 } as const satisfies Record<
  InstanceStatus,
  number
>;
