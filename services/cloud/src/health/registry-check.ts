import type { Clock, InstanceId, Log } from "@holdfast/kernel";
import type { InstanceObservation, InstanceStatus } from "@holdfast/wire";
import type { HealthWord } from "./health-book.ts";

/** What the registries know. */
export interface RegistryPort {
  /**
   * The status of every instance as callers see it, by its id; of several registries that answer, the best word on each.
   *
   * @throws when none answers.
   */
  statuses(): Promise<ReadonlyMap<string, InstanceStatus>>;
}

const intervalMs = 5_000;

/**
 * What discovery says of instances: `DOWN`, or gone after it was there, is sick; `UP` or out of service is well; who has never
 * registered, is starting, or is unknown is not spoken of. With no registry answering nothing is said of anybody.
 */
export class RegistryCheck {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #port: RegistryPort;
  readonly #say: (word: HealthWord) => void;
  readonly #seen = new Set<InstanceId>();
  #nextMs = 0;
  #isAsking = false;

  constructor(clock: Clock, log: Log, port: RegistryPort, say: (word: HealthWord) => void) {
    this.#clock = clock;
    this.#log = log;
    this.#port = port;
    this.#say = say;
  }

  /** Asks when it is time to. Never throws and never waits. */
  tick(instances: readonly InstanceObservation[]): void {
    const nowMs = this.#clock.monotonicMs();
    if (instances.length === 0 || this.#isAsking || nowMs < this.#nextMs) return;
    this.#nextMs = nowMs + intervalMs;
    void this.#ask(instances);
  }

  async #ask(instances: readonly InstanceObservation[]): Promise<void> {
    this.#isAsking = true;
    try {
      const statuses = await this.#port.statuses();
      for (const { spec } of instances) this.#judge(spec.id, statuses.get(spec.id));
      const there = new Set(instances.map(({ spec }) => spec.id));
      for (const id of this.#seen) if (!there.has(id)) this.#seen.delete(id);
    } catch (error) {
      this.#log.debug("cloud.registry-check-failed", { error });
    } finally {
      this.#isAsking = false;
    }
  }

  #judge(id: InstanceId, status: InstanceStatus | undefined): void {
    if (status === "UP" || status === "OUT_OF_SERVICE") {
      this.#seen.add(id);
      this.#say({ id, checker: "registry", healthy: true, reason: `the registries say ${status}` });
    } else if (status === "DOWN") {
      this.#say({ id, checker: "registry", healthy: false, reason: "the registries say DOWN" });
    } else if (status === undefined && this.#seen.has(id)) {
      this.#say({ id, checker: "registry", healthy: false, reason: "the registries do not know it any more" });
    }
  }
}
