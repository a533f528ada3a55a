import type { InstanceObservation } from "@holdfast/wire";
import type { TrafficPort } from "../src/index.ts";

/** Registries that do as they are told, or refuse while `refuses`. */
export class FakeTraffic implements TrafficPort {
  readonly out = new Map<string, string>();
  refuses = false;
  asked = 0;

  async outOfService({ spec }: InstanceObservation, reason: string): Promise<void> {
    this.#ask();
    this.out.set(spec.id, reason);
  }

  async inService({ spec }: InstanceObservation): Promise<void> {
    this.#ask();
    this.out.delete(spec.id);
  }

  async standing(): Promise<readonly string[]> {
    this.#ask();
    return [...this.out.keys()];
  }

  #ask(): void {
    this.asked++;
    if (this.refuses) throw new Error("no registry answers");
  }
}
