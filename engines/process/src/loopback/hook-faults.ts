import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "@holdfast/kernel";
import {
  type FaultEngine,
  type FaultSupportView,
  type NetworkFault,
  type NetworkFaultState,
  networkFaultKinds,
} from "@holdfast/wire";
import { checkFault } from "../network/check-fault.ts";
import type { HookRules } from "./rules.ts";

const why = "inside of the programs that run on Node, for their calls to other instances";

/** Simulated faults: told to the programs themselves, by a file that they follow. */
export class HookFaults implements FaultEngine {
  readonly #clock: Clock;
  readonly #file: string;
  readonly #places: () => HookRules["places"];
  readonly #held = new Map<string, { readonly fault: NetworkFault; readonly untilMs: number }>();
  #written = "";

  /** `places` are those of {@link HookRules}. */
  constructor(clock: Clock, file: string, places: () => HookRules["places"]) {
    this.#clock = clock;
    this.#file = file;
    this.#places = places;
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    this.#write();
  }

  async apply(value: NetworkFault, leaseMs: number): Promise<void> {
    const fault = checkFault(value);
    this.#held.set(fault.id, { fault, untilMs: this.#clock.wallMs() + leaseMs });
    this.#write();
  }

  async clear(id: string): Promise<void> {
    if (this.#held.delete(id)) this.#write();
  }

  async list(): Promise<readonly NetworkFaultState[]> {
    const nowMs = this.#clock.wallMs();
    return [...this.#held.values()]
      .filter(({ untilMs }) => untilMs > nowMs)
      .map(({ fault, untilMs }) => ({ ...fault, leaseMs: untilMs - nowMs, packets: 0, bytes: 0 }));
  }

  async support(): Promise<readonly FaultSupportView[]> {
    return networkFaultKinds.map((fault) => ({ fault, support: "simulated", why }));
  }

  #write(): void {
    const nowMs = this.#clock.wallMs();
    for (const [id, { untilMs }] of this.#held) if (untilMs <= nowMs) this.#held.delete(id);
    const faults = Array.from(this.#held.values(), ({ fault, untilMs }) => ({ ...fault, untilMs }));
    const rules: HookRules = { faults, places: faults.length === 0 ? {} : this.#places() };
    const text = JSON.stringify(rules);
    if (text === this.#written) return;
    this.#written = text;
    const draft = `${this.#file}.${process.pid}`;
    writeFileSync(draft, text, { mode: 0o600 });
    renameSync(draft, this.#file);
  }
}
