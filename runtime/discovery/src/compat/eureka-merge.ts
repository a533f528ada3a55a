import type { InstanceRecord } from "@holdfast/wire";
import { type EurekaApplications, type EurekaInstance, eurekaIdOf, hashcodeOf } from "@holdfast/wire/eureka";
import { fromEureka } from "./from-eureka.ts";

interface Entry {
  readonly instance: EurekaInstance;
  /** Absent when nobody could call it: it counts in the hash nevertheless. */
  readonly record: InstanceRecord | undefined;
}

/**
 * What an Eureka server has told so far: a whole list, then changes to it, which may come twice and in any order. The
 * server's hash says whether we still have what it has. Pure.
 */
export class EurekaMerge {
  readonly #entries = new Map<string, Entry>();
  #asOfMs: number | undefined;

  /** Monotonic ms of the question that was answered last; undefined before any was. */
  get asOfMs(): number | undefined {
    return this.#asOfMs;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** `UP_2_` …: how many instances have which status. */
  get hashcode(): string {
    return hashcodeOf(this.#statuses());
  }

  takeFull(applications: EurekaApplications, askedAtMs: number): void {
    this.#asOfMs = askedAtMs;
    this.#entries.clear();
    for (const { instances } of applications.applications) {
      for (const instance of instances) this.#put(instance);
    }
  }

  /** True when what we have now has the server's hash; else a full list is due. */
  takeDelta(delta: EurekaApplications, askedAtMs: number): boolean {
    for (const { instances } of delta.applications) {
      for (const instance of instances) {
        if (instance.actionType === "DELETED") this.#entries.delete(keyOf(instance));
        else this.#put(instance);
      }
    }
    const isEqual = this.hashcode === delta.appsHashcode;
    if (isEqual) this.#asOfMs = askedAtMs;
    return isEqual;
  }

  records(): InstanceRecord[] {
    const records: InstanceRecord[] = [];
    for (const { record } of this.#entries.values()) if (record !== undefined) records.push(record);
    return records;
  }

  #put(instance: EurekaInstance): void {
    this.#entries.set(keyOf(instance), { instance, record: fromEureka(instance) });
  }

  *#statuses(): Generator<EurekaInstance["status"]> {
    for (const { instance } of this.#entries.values()) yield instance.status;
  }
}

function keyOf(instance: EurekaInstance): string {
  return `${instance.app.toUpperCase()}/${eurekaIdOf(instance)}`;
}
