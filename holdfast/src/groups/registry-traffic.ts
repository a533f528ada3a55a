import type { TrafficPort } from "@holdfast/cloud-server";
import { groupsOverrideBy as by, type InstanceObservation } from "@holdfast/wire";
import type { Discovery } from "../discovery/discovery.ts";

/** Traffic on and off by overrides in the registries: seen by every caller, and shown as what they are. */
export class RegistryTraffic implements TrafficPort {
  readonly #discovery: Discovery;

  constructor(discovery: Discovery) {
    this.#discovery = discovery;
  }

  async outOfService({ spec }: InstanceObservation, reason: string): Promise<void> {
    // An operator's word is not overwritten: it keeps traffic away as well, or was meant.
    if ((await this.#by(spec.service, spec.id)) === undefined) {
      await this.#discovery.setOverride(spec.service, spec.id, { status: "OUT_OF_SERVICE", reason }, by);
    }
  }

  async inService({ spec }: InstanceObservation): Promise<void> {
    if ((await this.#by(spec.service, spec.id)) === by) await this.#discovery.clearOverride(spec.service, spec.id, by);
  }

  async standing(): Promise<readonly string[]> {
    return (await this.#discovery.overrides()).filter((override) => override.by === by).map(({ id }) => id);
  }

  /** Who overrides the instance now. */
  async #by(app: string, id: string): Promise<string | undefined> {
    return (await this.#discovery.overrides()).find((override) => override.app === app && override.id === id)?.by;
  }
}
