import { PlatformError } from "@holdfast/kernel";
import { type FaultEngine, type FaultSupportView, networkFaultKinds } from "@holdfast/wire";
import type { Isolation } from "../stack/isolation.ts";

/** Where zones share one network there is nothing between them to disturb; it says so, and never pretends. */
export class NoFaults implements FaultEngine {
  readonly #mode: Isolation;

  constructor(mode: Isolation) {
    this.#mode = mode;
  }

  async apply(): Promise<never> {
    throw new PlatformError(
      "FAULT_UNSUPPORTED",
      `faults of the network are not to be had with isolation ${this.#mode}`,
      {
        status: 501,
        next: "holdfast down, then holdfast up --isolation netns (holdfast doctor shows what it needs)",
      },
    );
  }

  async clear(): Promise<void> {}

  async list(): Promise<readonly never[]> {
    return [];
  }

  async support(): Promise<readonly FaultSupportView[]> {
    const why = `zones share one network in mode ${this.#mode}; start with --isolation netns`;
    return networkFaultKinds.map((fault) => ({ fault, support: "unavailable", why }));
  }
}
