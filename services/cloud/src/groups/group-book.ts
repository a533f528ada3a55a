import type { InstanceId } from "@holdfast/kernel";
import type { InstanceObservation, LaunchSpec } from "@holdfast/wire";
import { type ServerGroup, sequenceOf } from "../group.ts";

/** Key of `meta` in the store under which detached instances are kept. */
export const detachedKey = "detached";

type Place = Pick<LaunchSpec, "cluster" | "serverGroup"> & { readonly id?: InstanceId };

/** All server groups by name and by cluster, and whose an instance is. */
export class GroupBook {
  readonly #byName = new Map<string, ServerGroup>();
  readonly #byCluster = new Map<string, readonly ServerGroup[]>();
  /** Instances that belong to no group although their name says so. */
  readonly #detached = new Set<string>();

  /** In the order they were put in. */
  all(): IterableIterator<ServerGroup> {
    return this.#byName.values();
  }

  get size(): number {
    return this.#byName.size;
  }

  get(name: string): ServerGroup | undefined {
    return this.#byName.get(name);
  }

  /** The groups of a cluster, oldest first. */
  cluster(cluster: string): readonly ServerGroup[] {
    return this.#byCluster.get(cluster) ?? [];
  }

  clusters(): IterableIterator<string> {
    return this.#byCluster.keys();
  }

  put(group: ServerGroup): void {
    const others = this.cluster(group.cluster).filter(({ name }) => name !== group.name);
    this.#byName.set(group.name, group);
    this.#byCluster.set(
      group.cluster,
      [...others, group].toSorted((a, b) => a.createdAtMs - b.createdAtMs || orderOf(a) - orderOf(b)),
    );
  }

  remove(name: string): void {
    const group = this.#byName.get(name);
    if (group === undefined) return;
    this.#byName.delete(name);
    const others = this.cluster(group.cluster).filter((other) => other.name !== name);
    if (others.length === 0) this.#byCluster.delete(group.cluster);
    else this.#byCluster.set(group.cluster, others);
  }

  /**
   * The group that a deployment replaces and that a request without a version means: the newest that gets traffic, else the
   * newest; never one that is being taken down.
   */
  primary(cluster: string): ServerGroup | undefined {
    const standing = this.cluster(cluster).filter((group) => group.deletingAtMs === undefined);
    return standing.findLast((group) => group.disabledAtMs === undefined) ?? standing.at(-1);
  }

  /**
   * Whose an instance is: the group of its name, else the one that supersedes that group, else (after a lost state file)
   * the cluster's primary. `undefined` for one that is detached, or of a cluster without groups.
   */
  ownerOf(place: Place): ServerGroup | undefined {
    if (place.id !== undefined && this.#detached.has(place.id)) return undefined;
    const named = this.#byName.get(place.serverGroup);
    if (named !== undefined) return named;
    const successor = this.cluster(place.cluster).find((group) => group.supersedes.includes(place.serverGroup));
    return successor ?? this.primary(place.cluster);
  }

  /** Those of a cluster's instances that are `group`'s. */
  membersOf(group: ServerGroup, ofCluster: readonly InstanceObservation[]): readonly InstanceObservation[] {
    if (this.cluster(group.cluster).length === 1 && this.#detached.size === 0) return ofCluster;
    return ofCluster.filter(({ spec }) => this.ownerOf(spec)?.name === group.name);
  }

  get detached(): ReadonlySet<string> {
    return this.#detached;
  }

  setDetached(ids: Iterable<string>): void {
    this.#detached.clear();
    for (const id of ids) this.#detached.add(id);
  }
}

function orderOf(group: ServerGroup): number {
  return sequenceOf(group.name) ?? 0;
}
