import { PlatformError } from "@holdfast/kernel";
import { type Constraint, type CoTasks, meets, softFitness, untoleratedTaint } from "./constraint.ts";
import { cpuMemBinPacker, fitnessOf, type Strategy } from "./fitness.ts";
import { type Host, HostLoad, type HostState, type Standing } from "./host.ts";
import { failuresOf, type HostRefusal, summaryOf } from "./refusal.ts";
import type { Resources } from "./resources.ts";

/** Something that needs a host. */
export interface PlacementTask {
  /** Unique. */
  readonly id: string;
  /** Tasks of one job are co-tasks. */
  readonly job: string;
  readonly request: Resources;
  /** All of them are met, or it waits. */
  readonly hard: readonly Constraint[];
  /** Met as far as can be: half of the fitness. */
  readonly soft: readonly Constraint[];
  /** How hosts are preferred for this one. Default: the placer's. */
  readonly strategy?: Strategy;
}

export type PlacementOutcome =
  | { readonly kind: "placed"; readonly task: string; readonly host: string; readonly fitness: number }
  | {
      readonly kind: "refused";
      readonly task: string;
      /** One for each host looked at. */
      readonly hosts: readonly HostRefusal[];
      /** The same in one line. */
      readonly summary: string;
    };

export interface PlacerOptions {
  /** Default: Fenzo's `cpuMemBinPacker`. */
  readonly strategy?: Strategy;
  /**
   * The first host with a fitness of so much or more is taken and the rest are not looked at. Default: all are looked at
   * (Fenzo: good enough is f > 1.0).
   */
  readonly goodEnough?: number;
}

/** Fenzo weighs a task's own soft constraints 50 and the fitness calculator the 35 that its resource sets leave. */
const softWeight = 50 / 85;

const noZones: ReadonlyMap<string, number> = new Map();

/**
 * Puts tasks on hosts: of those that have room and meet every hard constraint the fittest, and of equals the first. Holds
 * what stands where; gives the same answers to the same questions in the same order. No clock, no chance, no I/O.
 */
export class Placer {
  readonly #loads: readonly HostLoad[];
  readonly #byName = new Map<string, HostLoad>();
  readonly #byZone = new Map<string, HostLoad[]>();
  /** Job → zone → tasks there. */
  readonly #jobs = new Map<string, Map<string, number>>();
  /** Task → its host. */
  readonly #places = new Map<string, HostLoad>();
  readonly #strategy: Strategy;
  readonly #goodEnough: number;
  /** Zones with a host that is not disabled: a zone that is lost is none to be balanced over. */
  #openZones = 0;

  /** @throws PlatformError `HOST_DOUBLED` when two hosts have one name. */
  constructor(hosts: readonly Host[], options: PlacerOptions = {}) {
    this.#strategy = options.strategy ?? cpuMemBinPacker;
    this.#goodEnough = options.goodEnough ?? Number.POSITIVE_INFINITY;
    this.#loads = hosts.map((host) => new HostLoad(host));
    for (const load of this.#loads) {
      const { name, zone } = load.host;
      if (this.#byName.has(name)) {
        throw new PlatformError("HOST_DOUBLED", `${name}: two hosts have this name`, { next: "name each differently" });
      }
      this.#byName.set(name, load);
      const peers = this.#byZone.get(zone);
      if (peers === undefined) this.#byZone.set(zone, [load]);
      else peers.push(load);
    }
    this.#countZones();
  }

  /** In the order given. */
  get loads(): readonly HostLoad[] {
    return this.#loads;
  }

  hostOf(task: string): string | undefined {
    return this.#places.get(task)?.host.name;
  }

  has(host: string): boolean {
    return this.#byName.has(host);
  }

  /** @throws PlatformError `HOST_UNKNOWN`. */
  setState(host: string, state: HostState, reason = ""): void {
    const load = this.#known(host);
    load.state = state;
    load.stateReason = reason;
    this.#countZones();
  }

  #countZones(): void {
    this.#openZones = 0;
    for (const loads of this.#byZone.values()) {
      if (loads.some(({ state }) => state !== "disabled")) this.#openZones++;
    }
  }

  /**
   * Notes a task that stands on a host already, whether there is room for it or not: it is a fact.
   *
   * @throws PlatformError `HOST_UNKNOWN`.
   */
  occupy(host: string, task: Standing): void {
    const load = this.#known(host);
    this.remove(task.id);
    load.add(task);
    this.#places.set(task.id, load);
    const zones = this.#jobs.get(task.job) ?? new Map<string, number>();
    this.#jobs.set(task.job, zones.set(load.host.zone, (zones.get(load.host.zone) ?? 0) + 1));
  }

  /** The task is gone; nothing happens when it was not there. */
  remove(task: string): void {
    const load = this.#places.get(task);
    const gone = load?.remove(task);
    if (load === undefined || gone === undefined) return;
    this.#places.delete(task);
    const zones = this.#jobs.get(gone.job);
    const left = (zones?.get(load.host.zone) ?? 1) - 1;
    if (left > 0) zones?.set(load.host.zone, left);
    else zones?.delete(load.host.zone);
    if (zones?.size === 0) this.#jobs.delete(gone.job);
  }

  /** Finds a host among all, or among those of one zone, and puts the task there; a refusal changes nothing. */
  place(task: PlacementTask, zone?: string): PlacementOutcome {
    const loads = zone === undefined ? this.#loads : (this.#byZone.get(zone) ?? []);
    const co = this.#coTasksOf(task);
    let best: HostLoad | undefined;
    let bestFitness = -1;
    for (const load of loads) {
      if (!isPossible(task, load, co)) continue;
      const fitness = this.#fitnessOf(task, load, co);
      if (fitness <= bestFitness) continue;
      best = load;
      bestFitness = fitness;
      if (fitness >= this.#goodEnough) break;
    }
    if (best === undefined) return refusalOf(task, loads, co, zone);
    const exclusive = task.hard.some(({ name }) => name === "exclusivehost");
    this.occupy(best.host.name, { id: task.id, job: task.job, request: task.request, exclusive });
    return { kind: "placed", task: task.id, host: best.host.name, fitness: bestFitness };
  }

  #fitnessOf(task: PlacementTask, load: HostLoad, co: CoTasks): number {
    const fitness = fitnessOf(task.strategy ?? this.#strategy, load, task.request);
    if (task.soft.length === 0) return fitness;
    let sum = 0;
    for (const constraint of task.soft) sum += softFitness(constraint, load, task, co);
    return (sum / task.soft.length) * softWeight + fitness * (1 - softWeight);
  }

  #coTasksOf({ job }: PlacementTask): CoTasks {
    return { zones: this.#jobs.get(job) ?? noZones, zonesInAll: this.#openZones };
  }

  #known(host: string): HostLoad {
    const load = this.#byName.get(host);
    if (load !== undefined) return load;
    throw new PlatformError("HOST_UNKNOWN", `${host}: no such host`, { status: 404, next: "holdfast capacity" });
  }
}

/** The same question as `failuresOf` asks, answered without making anything. */
function isPossible(task: PlacementTask, load: HostLoad, co: CoTasks): boolean {
  if (load.state === "disabled" || load.isExclusive || !load.fits(task.request)) return false;
  for (const constraint of task.hard) if (!meets(constraint, load, task, co)) return false;
  return untoleratedTaint(load.host.taints, task.hard) === undefined;
}

function refusalOf(task: PlacementTask, loads: readonly HostLoad[], co: CoTasks, zone?: string): PlacementOutcome {
  const hosts = loads.map((load) => ({ host: load.host.name, failures: failuresOf(task, load, co) }));
  const where = zone === undefined ? "hosts" : `hosts of ${zone}`;
  return { kind: "refused", task: task.id, hosts, summary: summaryOf(hosts, where) };
}
