import type { LaunchSpec } from "@holdfast/wire";
import type {
  FoundInstance,
  InstanceHandle,
  InstanceRuntime,
  LostInstance,
  StartOrder,
  StartResult,
} from "./instance-runtime.ts";

/**
 * Two runtimes as one: instances of applications run in the first, servers of the platform, and who asks for it, in the second. An agent that has
 * both looks after both alike.
 */
export class RuntimeByKind implements InstanceRuntime {
  readonly #applications: InstanceRuntime;
  readonly #platform: InstanceRuntime;

  constructor(applications: InstanceRuntime, platform: InstanceRuntime) {
    this.#applications = applications;
    this.#platform = platform;
  }

  get problem(): string {
    return [this.#applications.problem, this.#platform.problem].filter((problem) => problem !== "").join("; ");
  }

  sharesFiles(spec: LaunchSpec): boolean {
    return this.#of(spec).sharesFiles(spec);
  }

  hasOwnNetwork(spec: LaunchSpec): boolean {
    return this.#of(spec).hasOwnNetwork(spec);
  }

  start(order: StartOrder): Promise<StartResult> {
    return this.#of(order.spec).start(order);
  }

  async adopt(lost: readonly LostInstance[]): Promise<ReadonlyMap<string, InstanceHandle>> {
    const first = lost.filter(({ spec }) => this.#of(spec) === this.#applications);
    const applications = await this.#applications.adopt(first);
    // Applications may have been started by an agent that had the other runtime for them, too.
    const others = lost.filter(({ spec }) => !applications.has(spec.id));
    return new Map([...applications, ...(await this.#platform.adopt(others))]);
  }

  async strangers(known: ReadonlySet<string>): Promise<readonly FoundInstance[]> {
    const found = await Promise.all([this.#applications.strangers(known), this.#platform.strangers(known)]);
    return found.flat();
  }

  forget(spec: LaunchSpec): Promise<void> {
    return this.#of(spec).forget(spec);
  }

  async close(): Promise<void> {
    await Promise.all([this.#applications.close(), this.#platform.close()]);
  }

  #of({ kind, runAs }: LaunchSpec): InstanceRuntime {
    return kind === "app" && runAs !== "process" ? this.#applications : this.#platform;
  }
}
