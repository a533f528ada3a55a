import type { Clock, InstanceId } from "@holdfast/kernel";
import type { HostPlace, HostStateName, LaunchSpec } from "@holdfast/wire";
import { cpuMemBinPacker, cpuMemSpreader } from "./fitness.ts";
import { type GroupUse, keptForOthers } from "./guarantee.ts";
import type { HostLoad, HostState } from "./host.ts";
import { type Demand, type HostPlan, type HostSet, hostOf, numberIn } from "./host-plan.ts";
import { byIdleHosts, byShortfall, type HostChange } from "./host-scaling.ts";
import { type PlacementTask, Placer } from "./placer.ts";
import { addTo, resources } from "./resources.ts";

/** A launch that waits for a host. */
export interface HostRefusalView {
  readonly group: string;
  readonly service: string;
  readonly zone: string;
  readonly reason: string;
  /** Wall time in ms of the first refusal in a row. */
  readonly sinceMs: number;
}

/** Who asks for a host. */
export interface Applicant {
  readonly id: InstanceId;
  readonly group: string;
  readonly cluster: string;
  readonly service: string;
  readonly demand: Demand;
}

export type Room =
  | { readonly kind: "found"; readonly place: HostPlace }
  /** `isNews`: it was not refused for this reason before. */
  | { readonly kind: "refused"; readonly reason: string; readonly isNews: boolean };

/** What is kept over restarts; what runs where is learnt from what runs. */
interface Kept {
  /** Set → numbers of its hosts. */
  readonly numbers: Readonly<Record<string, readonly number[]>>;
  /** Host → the state that somebody gave it. */
  readonly states: Readonly<Record<string, { readonly state: HostStateName; readonly reason: string }>>;
}

interface Refusal extends HostRefusalView {
  readonly cluster: string;
  readonly task: PlacementTask;
  /** Monotonic time of the last refusal. */
  readonly atMs: number;
  /** Hosts were asked for already on its account. */
  counted: boolean;
}

/** A zone that refused is asked again so soon, even when nothing was freed: what it refused may be wanted no more. */
const refusedMs = 60_000;
/** What is refused again after so long is told again. */
const toldMs = 600_000;

/**
 * The hosts of the application and what stands on them. Learns what runs from {@link add} and {@link remove}, so that after
 * control's death nothing of it is lost; holds nothing itself but which hosts there are and which of them are closed.
 */
export class HostPool {
  readonly #clock: Clock;
  #plan: HostPlan | undefined;
  #placer = new Placer([]);
  readonly #numbers = new Map<string, Set<number>>();
  readonly #states = new Map<string, { readonly state: HostStateName; readonly reason: string }>();
  /** Instances that hold a place, whether its host is still declared or not. */
  readonly #standing = new Map<InstanceId, LaunchSpec>();
  /** Cluster → its capacity group. */
  readonly #memberships = new Map<string, string>();
  /** Group and zone → why it waits. */
  readonly #refusals = new Map<string, Refusal>();
  /** Group and zone → what was told of it last, until it finds a place. */
  readonly #told = new Map<string, { readonly sinceMs: number; readonly atMs: number }>();
  /** Set → monotonic time of its last change by its idle hosts. */
  readonly #scaledAtMs = new Map<string, number>();
  /** Called with the clusters that waited when room has come up. */
  onRoom: (clusters: ReadonlySet<string>) => void = () => {};
  /** Called with what is to be kept when it has changed. */
  onKept: (kept: string) => void = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** True when hosts are declared: instances are placed. */
  get isDeclared(): boolean {
    return this.#plan !== undefined;
  }

  get plan(): HostPlan | undefined {
    return this.#plan;
  }

  /** In the order in which they are declared. */
  get loads(): readonly HostLoad[] {
    return this.#placer.loads;
  }

  stateOf(host: string): { readonly state: HostStateName; readonly reason: string } {
    return this.#states.get(host) ?? active;
  }

  /** Takes over what {@link onKept} was given by a former life; nothing of what cannot be read. */
  restore(kept: string | undefined): void {
    if (kept === undefined) return;
    const { numbers, states } = JSON.parse(kept) as Kept;
    for (const [set, all] of Object.entries(numbers)) this.#numbers.set(set, new Set(all));
    for (const [host, state] of Object.entries(states)) this.#states.set(host, state);
  }

  /** These are the hosts from now on; `undefined`: none are declared, and nothing is placed. */
  configure(plan: HostPlan | undefined): void {
    this.#plan = plan;
    const sets = plan?.sets ?? [];
    for (const name of this.#numbers.keys()) {
      if (!sets.some((set) => set.name === name)) this.#numbers.delete(name);
    }
    for (const set of sets) this.#fit(set);
    this.#rebuild();
  }

  /** A set's hosts when it is declared: those it had, within its bounds, and at least `min`. */
  #fit(set: HostSet): void {
    const had = [...(this.#numbers.get(set.name) ?? [])].filter((number) => number <= set.max);
    const numbers = new Set(had.toSorted((a, b) => a - b));
    for (const { place } of this.#standing.values()) {
      const number = place === undefined ? undefined : numberIn(set, place.host);
      if (number !== undefined) numbers.add(number);
    }
    for (let number = 1; numbers.size < set.min; number++) numbers.add(number);
    this.#numbers.set(set.name, numbers);
  }

  #rebuild(): void {
    const sets = this.#plan?.sets ?? [];
    const hosts = sets.flatMap((set) =>
      [...this.#numbersOf(set)].toSorted((a, b) => a - b).map((number) => hostOf(set, number)),
    );
    this.#placer = new Placer(hosts);
    for (const { host } of this.#placer.loads) this.#applyState(host.name);
    for (const spec of this.#standing.values()) this.#occupy(spec);
    this.#roomCame();
  }

  #numbersOf(set: HostSet): ReadonlySet<number> {
    return this.#numbers.get(set.name) ?? none;
  }

  #applyState(host: string): void {
    const { state, reason } = this.stateOf(host);
    const placed: HostState = state === "active" ? "active" : "disabled";
    this.#placer.setState(host, placed, reason);
  }

  /**
   * Opens a host again, closes it for more, or closes it because it is being emptied.
   *
   * @throws PlatformError `HOST_UNKNOWN` (404).
   */
  setState(host: string, state: HostStateName, reason: string): void {
    // Asks the placer first: it knows whether there is such a host.
    this.#placer.setState(host, state === "active" ? "active" : "disabled", reason);
    if (state === "active") this.#states.delete(host);
    else this.#states.set(host, { state, reason });
    this.#keep();
    if (state === "active") this.#roomCame();
  }

  /**
   * Finds a host of `zone`. What is found is held until {@link release} or until {@link remove} says that it is gone; a
   * refusal holds nothing. `undefined` when it is not placed at all.
   */
  place(applicant: Applicant, zone: string): Room | undefined {
    if (this.#plan === undefined) return undefined;
    const { id, group, service, cluster, demand } = applicant;
    const request = resources(demand.request);
    const strategy = demand.packing === "spread" ? cpuMemSpreader : cpuMemBinPacker;
    const task = { id, job: group, request, hard: demand.hard, soft: demand.soft, strategy };
    if (demand.capacityGroup === undefined) this.#memberships.delete(cluster);
    else this.#memberships.set(cluster, demand.capacityGroup);
    const key = `${group} ${zone}`;
    const kept = keptForOthers(request, demand.capacityGroup, this.groupUses(), this.#obtainable());
    const outcome = kept === undefined ? this.#placer.place(task, zone) : undefined;
    if (outcome?.kind === "placed") {
      this.#refusals.delete(key);
      this.#told.delete(key);
      const exclusive = demand.hard.some(({ name }) => name === "exclusivehost");
      return { kind: "found", place: { host: outcome.host, ...demand.request, ...(exclusive ? { exclusive } : {}) } };
    }
    const reason = outcome?.summary ?? kept ?? "";
    const atMs = this.#clock.monotonicMs();
    const told = this.#told.get(key);
    const before = told !== undefined && atMs - told.atMs <= toldMs ? told : undefined;
    const sinceMs = before?.sinceMs ?? this.#clock.wallMs();
    this.#told.set(key, { sinceMs, atMs });
    const isKept = kept !== undefined;
    this.#refusals.set(key, { group, service, cluster, zone, reason, sinceMs, atMs, task, counted: isKept });
    return { kind: "refused", reason, isNews: before === undefined };
  }

  /** It came to nothing. */
  release(id: InstanceId): void {
    if (this.#standing.has(id) || this.#placer.hostOf(id) === undefined) return;
    this.#placer.remove(id);
    this.#roomCame();
  }

  /** It stands, wherever it was put and by whom. */
  add(spec: LaunchSpec): void {
    if (spec.place === undefined) return;
    this.#standing.set(spec.id, spec);
    if (this.#occupy(spec)) return;
    // A host that was added and whose record was lost: the set has it, since somebody stands on it.
    const set = this.#plan?.sets.find((each) => numberIn(each, spec.place?.host ?? "") !== undefined);
    if (set === undefined) return;
    this.#fit(set);
    this.#rebuild();
  }

  /** It is gone. */
  remove(spec: LaunchSpec): void {
    if (!this.#standing.delete(spec.id)) return;
    this.#placer.remove(spec.id);
    this.#roomCame();
  }

  #occupy({ id, serverGroup, place }: LaunchSpec): boolean {
    if (place === undefined) return true;
    const { host, exclusive, ...request } = place;
    if (!this.#placer.has(host)) return false;
    this.#placer.occupy(host, {
      id,
      job: serverGroup,
      request: resources(request),
      exclusive: exclusive === true,
    });
    return true;
  }

  /** Zones in which this group was refused and nothing has been freed since. */
  refusedZones(group: string): ReadonlySet<string> {
    if (this.#refusals.size === 0) return noZones;
    const zones = new Set<string>();
    for (const refusal of this.#refusals.values()) if (refusal.group === group) zones.add(refusal.zone);
    return zones;
  }

  /** Launches that wait, longest first. */
  refusals(): HostRefusalView[] {
    return [...this.#refusals.values()].toSorted((a, b) => a.sinceMs - b.sinceMs);
  }

  /** Forgets refusals of groups that are gone, and those that are long ago. */
  prune(isThere: (group: string) => boolean): void {
    if (this.#refusals.size === 0) return;
    const nowMs = this.#clock.monotonicMs();
    for (const [key, { group, atMs }] of this.#refusals) {
      if (isThere(group) && nowMs - atMs < refusedMs) continue;
      this.#refusals.delete(key);
      if (!isThere(group)) this.#told.delete(key);
    }
  }

  /** Who stands on a host. */
  on(host: string): LaunchSpec[] {
    return [...this.#standing.values()].filter(({ place }) => place?.host === host);
  }

  /** Capacity groups with what their services hold. */
  groupUses(): GroupUse[] {
    const groups = this.#plan?.capacityGroups ?? [];
    if (groups.length === 0) return [];
    const uses = new Map(groups.map((group) => [group.name, { group, used: resources() }]));
    for (const { cluster, place } of this.#standing.values()) {
      const use = uses.get(this.#memberships.get(cluster) ?? "");
      if (use !== undefined && place !== undefined) addTo(use.used, resources(placeRequest(place)));
    }
    return [...uses.values()];
  }

  /** Says to which capacity group a cluster belongs, before anything of it is placed. */
  join(cluster: string, capacityGroup: string | undefined): void {
    if (capacityGroup === undefined) this.#memberships.delete(cluster);
    else this.#memberships.set(cluster, capacityGroup);
  }

  /** What is free on hosts that are open, and on those that sets could still have. */
  #obtainable(): { milliCpu: number; memoryBytes: number } {
    const free = { milliCpu: 0, memoryBytes: 0 };
    for (const { state, host, used } of this.#placer.loads) {
      if (state === "disabled") continue;
      free.milliCpu += Math.max(0, host.capacity.milliCpu - used.milliCpu);
      free.memoryBytes += Math.max(0, host.capacity.memoryBytes - used.memoryBytes);
    }
    for (const set of this.#plan?.sets ?? []) {
      const more = Math.max(0, set.max - this.#numbersOf(set).size);
      free.milliCpu += more * set.capacity.milliCpu;
      free.memoryBytes += more * set.capacity.memoryBytes;
    }
    return free;
  }

  /** Lets sets of hosts grow and shrink; what was changed comes back. Cheap when there is nothing to do. */
  autoscale(): HostChange[] {
    const sets = (this.#plan?.sets ?? []).filter(({ min, max }) => max > min);
    if (sets.length === 0) return [];
    const changes = this.#forShortfall(sets);
    const nowMs = this.#clock.monotonicMs();
    for (const set of sets) {
      if (changes.some((change) => change.set === set)) continue;
      if (nowMs - (this.#scaledAtMs.get(set.name) ?? Number.NEGATIVE_INFINITY) < set.cooldownMs) continue;
      const change = byIdleHosts(set, this.#numbersOf(set), this.#placer.loads);
      if (change !== undefined) changes.push(change);
    }
    for (const change of changes) this.#apply(change, nowMs);
    if (changes.length === 0) return changes;
    this.#keep();
    this.#rebuild();
    return changes;
  }

  /** Each task in wait is counted once: the hosts that come for it are asked before others are. */
  #forShortfall(sets: readonly HostSet[]): HostChange[] {
    const waiting = [...this.#refusals.values()].filter(({ counted }) => !counted);
    if (waiting.length === 0) return [];
    for (const refusal of waiting) refusal.counted = true;
    return byShortfall(sets, (set) => this.#numbersOf(set), waiting);
  }

  #apply({ set, add, remove }: HostChange, nowMs: number): void {
    const numbers = new Set(this.#numbersOf(set));
    for (const number of add) numbers.add(number);
    for (const number of remove) numbers.delete(number);
    this.#numbers.set(set.name, numbers);
    this.#scaledAtMs.set(set.name, nowMs);
  }

  #keep(): void {
    const numbers = Object.fromEntries([...this.#numbers].map(([set, all]) => [set, [...all]]));
    const kept: Kept = { numbers, states: Object.fromEntries(this.#states) };
    this.onKept(JSON.stringify(kept));
  }

  #roomCame(): void {
    if (this.#refusals.size === 0) return;
    const clusters = new Set([...this.#refusals.values()].map(({ cluster }) => cluster));
    this.#refusals.clear();
    this.onRoom(clusters);
  }
}

function placeRequest({ milliCpu, memoryBytes, diskBytes, networkMbps }: HostPlace): Demand["request"] {
  return { milliCpu, memoryBytes, diskBytes, networkMbps };
}

const active = { state: "active", reason: "" } as const;
const none: ReadonlySet<number> = new Set();
const noZones: ReadonlySet<string> = new Set();
