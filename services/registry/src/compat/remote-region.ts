import { type Clock, type Log, messageOf, type Timer } from "@holdfast/kernel";
import {
  decodeApplications,
  type EurekaApplications,
  type EurekaInstance,
  eurekaIdOf,
  hashcodeOf,
} from "@holdfast/wire/eureka";
import { type EurekaCall, eurekaUrl } from "./eureka-call.ts";
import { appKey, idKey } from "./keys.ts";
import type { Held, StoreChange } from "./store.ts";
import { toRecord } from "./to-record.ts";

export interface RemoteRegionOptions {
  readonly name: string;
  /** `http://h:8761/eureka/v2` */
  readonly url: string;
  /** Lower case names of the apps that may be seen from here; absent: all. */
  readonly apps?: ReadonlySet<string> | undefined;
  /** From one fetch to the next, in ms. */
  readonly intervalMs: number;
}

/**
 * The registry of another region, as last fetched: all of it first, then what changed, and all of it again whenever
 * the hash shows that something was missed. While its server cannot be reached, what is known stays.
 */
export class RemoteRegion {
  readonly name: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #call: EurekaCall;
  readonly #options: RemoteRegionOptions;
  readonly #apps = new Map<string, Map<string, Held>>();
  readonly #onChange: (change: StoreChange) => void;
  #timer: Timer | undefined;
  #ready = false;
  #closed = false;
  #trouble = "";

  constructor(
    clock: Clock,
    log: Log,
    call: EurekaCall,
    options: RemoteRegionOptions,
    onChange: (change: StoreChange) => void,
  ) {
    this.name = options.name;
    this.#clock = clock;
    this.#log = log;
    this.#call = call;
    this.#options = options;
    this.#onChange = onChange;
  }

  /** True once it has been fetched whole. */
  get ready(): boolean {
    return this.#ready;
  }

  get appNames(): Iterable<string> {
    return this.#apps.keys();
  }

  find(app: string, id: string): Held | undefined {
    return this.#apps.get(app)?.get(id);
  }

  instancesOf(app: string): Iterable<Held> {
    return this.#apps.get(app)?.values() ?? [];
  }

  /** Fetches now, and on from there each `intervalMs` after the last one ended. */
  async run(): Promise<void> {
    await this.refresh();
    if (!this.#closed) this.#timer = this.#clock.after(this.#options.intervalMs, () => void this.run());
  }

  async refresh(): Promise<void> {
    const caughtUp = this.#ready && (await this.#fetchDelta());
    if (!caughtUp) await this.#fetchAll();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  async #fetchAll(): Promise<void> {
    const all = await this.#fetch("apps/");
    if (all === undefined || this.#closed) return;
    const fresh = new Set<string>();
    for (const instance of instancesIn(all)) {
      if (!this.#allowed(instance)) continue;
      this.#take(instance);
      fresh.add(`${appKey(instance.app)}/${idKey(eurekaIdOf(instance))}`);
    }
    for (const [app, instances] of this.#apps) {
      for (const id of instances.keys()) if (!fresh.has(`${app}/${id}`)) this.#remove(app, id);
    }
    this.#ready = true;
  }

  /** False when the result is not what the region has: by the count of each status, as Eureka's clients compare. */
  async #fetchDelta(): Promise<boolean> {
    const delta = await this.#fetch("apps/delta");
    if (delta === undefined || this.#closed) return false;
    for (const instance of instancesIn(delta)) {
      const [app, id] = [appKey(instance.app), idKey(eurekaIdOf(instance))];
      if (instance.actionType === "DELETED") this.#remove(app, id);
      else if (this.#allowed(instance)) this.#take(instance);
    }
    // A list of apps makes the hashes incomparable: then all is fetched each time.
    return this.#options.apps === undefined && hashcodeOf(this.#statuses()) === delta.appsHashcode;
  }

  async #fetch(path: string): Promise<EurekaApplications | undefined> {
    const headers = { accept: "application/json", "accept-encoding": "gzip" };
    const result = await this.#call({ method: "GET", url: eurekaUrl(this.#options.url, path), headers });
    try {
      if (result.kind !== "answer") throw new Error(result.reason);
      if (result.status !== 200) throw new Error(`answered ${result.status}`);
      const applications = decodeApplications(result.text, "json");
      this.#noteTrouble("");
      return applications;
    } catch (error) {
      this.#noteTrouble(messageOf(error));
      return undefined;
    }
  }

  #allowed(instance: EurekaInstance): boolean {
    return this.#options.apps?.has(appKey(instance.app)) ?? true;
  }

  #take(instance: EurekaInstance): void {
    const held = heldOf(instance, this.name);
    const { app, id } = held.record;
    const instances = this.#apps.get(app) ?? new Map<string, Held>();
    this.#apps.set(app, instances);
    const before = instances.get(id);
    if (before !== undefined && sameAccount(before, held)) return;
    instances.set(id, held);
    this.#onChange({ app, id, held, before, by: this.name });
  }

  #remove(app: string, id: string): void {
    const instances = this.#apps.get(app);
    const before = instances?.get(id);
    if (instances === undefined || before === undefined) return;
    instances.delete(id);
    if (instances.size === 0) this.#apps.delete(app);
    this.#onChange({ app, id, held: undefined, before, by: this.name });
  }

  *#statuses(): Iterable<Held["status"]> {
    for (const instances of this.#apps.values()) for (const held of instances.values()) yield held.status;
  }

  #noteTrouble(reason: string): void {
    if (reason === this.#trouble) return;
    this.#trouble = reason;
    const fields = { region: this.name, url: this.#options.url };
    if (reason === "") this.#log.info("registry.remote-region.well", fields);
    else this.#log.warn("registry.remote-region.trouble", { ...fields, reason });
  }
}

function* instancesIn(applications: EurekaApplications): Iterable<EurekaInstance> {
  for (const application of applications.applications) yield* application.instances;
}

function heldOf(instance: EurekaInstance, region: string): Held {
  const defaults = { profile: "fast", region, zone: region } as const;
  const lease = instance.leaseInfo;
  const updatedAtMs = instance.lastUpdatedTimestamp;
  return {
    record: { ...toRecord(instance, instance.status, defaults), incarnation: 0, version: updatedAtMs },
    status: instance.status,
    override: instance.overriddenStatus === "UNKNOWN" ? undefined : instance.overriddenStatus,
    action: instance.actionType === "ADDED" ? "ADDED" : "MODIFIED",
    registeredAtMs: lease?.registrationTimestamp ?? updatedAtMs,
    renewedAtMs: lease?.lastRenewalTimestamp ?? updatedAtMs,
    updatedAtMs,
    upAtMs: lease?.serviceUpTimestamp ?? 0,
    leaseMs: (lease?.durationInSecs ?? 90) * 1_000,
  };
}

function sameAccount(a: Held, b: Held): boolean {
  return (
    a.updatedAtMs === b.updatedAtMs &&
    a.status === b.status &&
    a.override === b.override &&
    a.record.eureka?.lastDirtyTimestamp === b.record.eureka?.lastDirtyTimestamp
  );
}
