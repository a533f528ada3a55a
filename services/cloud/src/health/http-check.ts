import type { Clock, InstanceId, Log } from "@holdfast/kernel";
import type { Engine, HttpAnswer, HttpHealthCheck, InstanceObservation } from "@holdfast/wire";
import type { HealthWord } from "./health-book.ts";
import { matches } from "./matcher.ts";

/** One instance that is to be asked. */
export interface Patient {
  readonly instance: InstanceObservation;
  readonly check: HttpHealthCheck;
}

/**
 * Asks instances over HTTP, each in its group's own rhythm. The questions are put by the agent of the instance's zone: a
 * cut between control and a zone makes nobody there look sick. What no agent can tell of is not spoken of.
 */
export class HttpCheck {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #engine: Engine;
  readonly #say: (word: HealthWord) => void;
  /** Instance → monotonic ms of its next question. */
  readonly #dueMs = new Map<InstanceId, number>();
  readonly #asking = new Set<InstanceId>();

  constructor(clock: Clock, log: Log, engine: Engine, say: (word: HealthWord) => void) {
    this.#clock = clock;
    this.#log = log;
    this.#engine = engine;
    this.#say = say;
  }

  /** Asks those whose time has come. Never throws and never waits. */
  tick(patients: readonly Patient[]): void {
    const nowMs = this.#clock.monotonicMs();
    const byTimeout = new Map<number, Patient[]>();
    for (const patient of patients) {
      const { id } = patient.instance.spec;
      if (this.#asking.has(id) || (this.#dueMs.get(id) ?? 0) > nowMs) continue;
      this.#dueMs.set(id, nowMs + patient.check.intervalMs);
      // A slow check of one group does not hold up the others.
      const same = byTimeout.get(patient.check.timeoutMs) ?? [];
      byTimeout.set(patient.check.timeoutMs, same);
      same.push(patient);
    }
    for (const due of byTimeout.values()) void this.#ask(due);
    if (this.#dueMs.size > 2 * patients.length) this.#forget(patients);
  }

  async #ask(due: readonly Patient[]): Promise<void> {
    for (const { instance } of due) this.#asking.add(instance.spec.id);
    try {
      const questions = due.map(({ instance, check: { path, timeoutMs } }) => ({
        id: instance.spec.id,
        path,
        timeoutMs,
      }));
      const answers = new Map<InstanceId, HttpAnswer>();
      for (const answer of (await this.#engine.ask?.(questions)) ?? []) answers.set(answer.id, answer);
      for (const { instance, check } of due) {
        const answer = answers.get(instance.spec.id);
        if (answer !== undefined) this.#say(wordOf(check, answer));
      }
    } catch (error) {
      this.#log.warn("cloud.http-check-failed", { error });
    } finally {
      for (const { instance } of due) this.#asking.delete(instance.spec.id);
    }
  }

  #forget(patients: readonly Patient[]): void {
    const there = new Set(patients.map(({ instance }) => instance.spec.id));
    for (const id of this.#dueMs.keys()) if (!there.has(id)) this.#dueMs.delete(id);
  }
}

function wordOf(check: HttpHealthCheck, { id, status, detail }: HttpAnswer): HealthWord {
  const healthy = status !== undefined && matches(check.matcher, status);
  const wanted = healthy || status === undefined ? "" : `, not ${check.matcher}`;
  return {
    id,
    checker: "http",
    healthy,
    reason: `${detail}${wanted}`,
    question: `GET ${check.path} ${check.matcher}`,
    thresholds: { badInARow: check.unhealthyThreshold, goodInARow: check.healthyThreshold },
    believedForMs: 3 * (check.intervalMs + check.timeoutMs),
  };
}
