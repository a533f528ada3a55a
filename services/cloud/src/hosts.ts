import type { InstanceId } from "@holdfast/kernel";
import type { HostPlace, HostStateName } from "@holdfast/wire";
import type { Activities } from "./activities.ts";
import type { ServerGroup } from "./group.ts";
import type { HostPlan } from "./placement/host-plan.ts";
import type { HostPool } from "./placement/host-pool.ts";

export interface HostsParts {
  readonly pool: HostPool;
  readonly activities: Activities;
  readonly newId: () => InstanceId;
  /** Replaces the instances of a host by others, new ones first. Gives how many are to go. */
  readonly empty: (host: string, instances: readonly InstanceId[], actor: string) => Promise<number>;
  /** Throws when this control may decide nothing. */
  readonly checkLeads: () => void;
}

/** A launch with its host, or why it waits. */
export type Lodging =
  | { readonly kind: "found"; readonly id: InstanceId; readonly place: HostPlace }
  | { readonly kind: "refused"; readonly reason: string };

/** The hosts of the application, for the rest of cloud and for people: places launches, opens and closes hosts, and writes it down. */
export class Hosts {
  readonly #parts: HostsParts;

  constructor(parts: HostsParts) {
    this.#parts = parts;
  }

  /** What is known of hosts, instances on them and launches in wait. */
  get pool(): Pick<HostPool, "loads" | "plan" | "stateOf" | "refusals" | "groupUses" | "on"> {
    return this.#parts.pool;
  }

  /** These are the hosts from now on; `undefined`: none are declared, and nothing is placed. What runs stays where it is. */
  configure(plan: HostPlan | undefined): void {
    this.#parts.pool.configure(plan);
  }

  /** Finds a place for one more instance; `undefined` where nothing is placed: no hosts declared, or a server of the platform. */
  lodge(group: ServerGroup, zone: string, cause: string): Lodging | undefined {
    const { pool, activities } = this.#parts;
    const { demand, service } = group.definition;
    if (!pool.isDeclared || demand === undefined) return undefined;
    const id = this.#parts.newId();
    const room = pool.place({ id, group: group.name, cluster: group.cluster, service, demand }, zone);
    if (room === undefined) return undefined;
    if (room.kind === "found") return { kind: "found", id, place: room.place };
    const reason = `${zone}: no host has room: ${room.reason}`;
    if (room.isNews) {
      const about = { kind: "launch", service, group: group.name, zone, actor: "placement", cause } as const;
      activities.begin({ ...about, outcome: "failed", detail: `PLACEMENT_REFUSED: ${reason}` });
    }
    return { kind: "refused", reason };
  }

  /** A launch came to nothing. */
  release(id: InstanceId): void {
    this.#parts.pool.release(id);
  }

  /** Zones in which the group was refused a host, and nothing has been freed since. */
  refusedZones(group: string): ReadonlySet<string> {
    return this.#parts.pool.refusedZones(group);
  }

  /**
   * `active`: it takes instances. `cordoned`: it takes no more, what runs there runs on. `drained`: the same, and what runs
   * there is replaced elsewhere, new ones first. Kept over restarts of control. Gives how many instances are to go.
   *
   * @throws PlatformError `HOST_UNKNOWN` (404), `STATE_READ_ONLY`.
   */
  async setState(host: string, state: HostStateName, actor: string, why = ""): Promise<number> {
    const { pool, activities } = this.#parts;
    this.#parts.checkLeads();
    const ending = why === "" ? "" : `: ${why}`;
    pool.setState(host, state, state === "active" ? "" : `is ${state} by ${actor}${ending}`);
    const cause = `${actor} made host ${host} ${state}${ending}`;
    activities.begin({ kind: "note", service: "control", actor, cause, outcome: "succeeded" });
    if (state !== "drained") return 0;
    const instances = pool.on(host).map(({ id }) => id);
    return instances.length === 0 ? 0 : this.#parts.empty(host, instances, actor);
  }

  /** Goes on with what a former life of control began: it may have died after a host was closed and before its instances were told. */
  async resumeDrains(): Promise<void> {
    const { pool } = this.#parts;
    for (const { host } of pool.loads) {
      if (pool.stateOf(host.name).state !== "drained") continue;
      const instances = pool.on(host.name).map(({ id }) => id);
      if (instances.length > 0) await this.#parts.empty(host.name, instances, "control");
    }
  }

  /** Lets sets of hosts grow and shrink by their rules. */
  autoscale(): void {
    const { pool, activities } = this.#parts;
    for (const { set, add, remove, cause } of pool.autoscale()) {
      const what = add.length > 0 ? `${add.length} more` : `${remove.length} fewer`;
      const text = `hosts ${set.name}: ${what}, since ${cause}`;
      activities.begin({ kind: "note", service: "control", actor: "placement", cause: text, outcome: "succeeded" });
    }
  }
}
