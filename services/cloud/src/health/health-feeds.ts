import type { Clock, Log, Timer } from "@holdfast/kernel";
import { type Engine, httpHealthCheckDefaults, type InstanceObservation } from "@holdfast/wire";
import type { Fleet } from "../fleet.ts";
import type { GroupBook } from "../groups/group-book.ts";
import type { HealthWord } from "./health-book.ts";
import { HttpCheck, type Patient } from "./http-check.ts";
import { RegistryCheck, type RegistryPort } from "./registry-check.ts";

export interface HealthFeedParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly engine: Engine;
  readonly fleet: Fleet;
  readonly book: GroupBook;
  /** Without it the check of kind `registry` says nothing. */
  readonly registry: RegistryPort | undefined;
  readonly say: (word: HealthWord) => void;
}

const tickMs = 1_000;

/** Asks the checkers that groups name in their `healthChecks` about each instance that the engine calls up. */
export class HealthFeeds {
  readonly #parts: HealthFeedParts;
  readonly #http: HttpCheck;
  readonly #registry: RegistryCheck | undefined;
  #timer: Timer | undefined;

  constructor(parts: HealthFeedParts) {
    this.#parts = parts;
    const { clock, log, engine, registry, say } = parts;
    this.#http = new HttpCheck(clock, log, engine, say);
    if (registry !== undefined) this.#registry = new RegistryCheck(clock, log, registry, say);
  }

  start(): void {
    this.#timer = this.#parts.clock.every(tickMs, () => this.#tick());
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #tick(): void {
    const { book, fleet } = this.#parts;
    const patients: Patient[] = [];
    const registered: InstanceObservation[] = [];
    for (const group of book.all()) {
      const { healthChecks, httpCheck } = group.settings;
      const isAsked = healthChecks.includes("http");
      const isRegistered = healthChecks.includes("registry");
      if (!isAsked && !isRegistered) continue;
      for (const instance of book.membersOf(group, fleet.of(group.cluster))) {
        // What the engine finds sick itself needs no other word; in the warm pool nobody answers.
        if (instance.state !== "up" || group.marks[instance.spec.id]?.warm !== undefined) continue;
        if (isAsked) patients.push({ instance, check: httpCheck ?? defaultsOf(instance) });
        if (isRegistered) registered.push(instance);
      }
    }
    this.#http.tick(patients);
    this.#registry?.tick(registered);
  }
}

/** The path of the service's own health check, where it has one. */
function defaultsOf({ spec }: InstanceObservation): Patient["check"] {
  const { path } = spec.health;
  return path === undefined ? httpHealthCheckDefaults : { ...httpHealthCheckDefaults, path };
}
