import type { InstanceId } from "@holdfast/kernel";
import { type DeltaMessage, type InstanceRecord, isNewer } from "@holdfast/wire";

/** What the client of a registry needs to know of its view; `Discovery` and {@link staticServers} are ones. */
export interface ServerList {
  /** All known instances of `app`, whatever their status; the same array until something of it changes. */
  instances(app: string): readonly InstanceRecord[];
  /** The names of all apps that have instances. */
  apps(): readonly string[];
  /** Calls `onChange` with the names of the apps that changed; returns the way to stop. */
  subscribe(onChange: (apps: ReadonlySet<string>) => void): () => void;
  /** Resolves with the first view; rejects when there is none in time. Lists without it are ready at once. */
  ready?(timeoutMs: number): Promise<void>;
}

/** The registry's content as one process sees it. Pure: applies messages, tells listeners. */
export class View implements ServerList {
  readonly #apps = new Map<string, readonly InstanceRecord[]>();
  readonly #listeners = new Set<(apps: ReadonlySet<string>) => void>();

  instances(app: string): readonly InstanceRecord[] {
    return this.#apps.get(app) ?? [];
  }

  apps(): readonly string[] {
    return [...this.#apps.keys()];
  }

  all(): InstanceRecord[] {
    return [...this.#apps.values()].flat();
  }

  get size(): number {
    let size = 0;
    for (const list of this.#apps.values()) size += list.length;
    return size;
  }

  subscribe(onChange: (apps: ReadonlySet<string>) => void): () => void {
    this.#listeners.add(onChange);
    return () => void this.#listeners.delete(onChange);
  }

  /**
   * Takes a whole new view. With `keepMissing`, instances that the new one does not name stay until the next one: a
   * registry that has just restarted must not empty its listeners.
   */
  replace(instances: readonly InstanceRecord[], keepMissing: boolean): void {
    const next = new Map<InstanceId, InstanceRecord>(keepMissing ? this.all().map((one) => [one.id, one]) : []);
    for (const record of instances) {
      const known = next.get(record.id);
      if (known === undefined || !isNewer(known, record)) next.set(record.id, record);
    }
    const grouped = Map.groupBy(next.values(), (record) => record.app);
    const changed = new Set<string>();
    for (const app of new Set([...this.#apps.keys(), ...grouped.keys()])) {
      if (!sameList(this.instances(app), grouped.get(app) ?? [])) changed.add(app);
    }
    for (const app of changed) this.#put(app, grouped.get(app) ?? []);
    this.#tell(changed);
  }

  apply(delta: DeltaMessage): void {
    const changed = new Set<string>();
    for (const record of delta.upserts) {
      const list = this.instances(record.app);
      const known = list.find((one) => one.id === record.id);
      if (known !== undefined && isNewer(known, record)) continue;
      this.#put(record.app, [...list.filter((one) => one.id !== record.id), record]);
      changed.add(record.app);
    }
    for (const { app, id } of delta.removals) {
      const list = this.instances(app);
      if (!list.some((one) => one.id === id)) continue;
      this.#put(
        app,
        list.filter((one) => one.id !== id),
      );
      changed.add(app);
    }
    this.#tell(changed);
  }

  #put(app: string, list: readonly InstanceRecord[]): void {
    if (list.length === 0) this.#apps.delete(app);
    else this.#apps.set(app, list);
  }

  #tell(changed: ReadonlySet<string>): void {
    if (changed.size === 0) return;
    for (const listener of this.#listeners) listener(changed);
  }
}

/** A list that never changes, for tests and for callers without a registry. */
export function staticServers(lists: Readonly<Record<string, readonly InstanceRecord[]>>): ServerList {
  return {
    instances: (app) => lists[app] ?? [],
    apps: () => Object.keys(lists),
    subscribe: () => () => {},
  };
}

function sameList(a: readonly InstanceRecord[], b: readonly InstanceRecord[]): boolean {
  if (a.length !== b.length) return false;
  const known = new Map(a.map((record) => [record.id, record]));
  return b.every((record) => {
    const other = known.get(record.id);
    return other !== undefined && !isNewer(other, record) && !isNewer(record, other);
  });
}
