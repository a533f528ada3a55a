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

/** Instances are known by app and id: two apps may hold the same id, as Eureka's clients that go by host name do. */
type Instances = Map<string, InstanceRecord>;

const none: readonly InstanceRecord[] = Object.freeze([]);
const keepNone = (): boolean => false;

/** The registry's content as one process sees it. Pure: applies messages, tells listeners. */
export class View implements ServerList {
  readonly #lists = new Map<string, readonly InstanceRecord[]>();
  readonly #listeners = new Set<(apps: ReadonlySet<string>) => void>();
  #size = 0;

  /** One look-up in a map; allocates nothing. */
  instances(app: string): readonly InstanceRecord[] {
    return this.#lists.get(app) ?? none;
  }

  apps(): readonly string[] {
    return [...this.#lists.keys()];
  }

  all(): InstanceRecord[] {
    return [...this.#lists.values()].flat();
  }

  get size(): number {
    return this.#size;
  }

  subscribe(onChange: (apps: ReadonlySet<string>) => void): () => void {
    this.#listeners.add(onChange);
    return () => void this.#listeners.delete(onChange);
  }

  /** What we know and `instances` does not name. */
  missingFrom(instances: readonly InstanceRecord[]): InstanceRecord[] {
    const named = byApp(instances);
    return this.all().filter((record) => named.get(record.app)?.has(record.id) !== true);
  }

  /**
   * Takes a whole new view; of what it does not name, only those stay that `keep` says: a registry that has just
   * restarted must not empty its listeners.
   */
  replace(instances: readonly InstanceRecord[], keep: (record: InstanceRecord) => boolean = keepNone): void {
    const next = byApp(instances);
    const changed = new Set<string>();
    for (const app of new Set([...this.#lists.keys(), ...next.keys()])) {
      const old = this.instances(app);
      const merged = mergeList(old, next.get(app), keep);
      if (merged === old) continue;
      this.#put(app, merged);
      changed.add(app);
    }
    this.#tell(changed);
  }

  apply(delta: DeltaMessage): void {
    const touched = new Map<string, Instances>();
    const listOf = (app: string): Instances => {
      const known = touched.get(app) ?? indexed(this.instances(app));
      touched.set(app, known);
      return known;
    };
    const changed = new Set<string>();
    for (const record of delta.upserts) {
      const list = listOf(record.app);
      const known = list.get(record.id);
      if (known !== undefined && (isNewer(known, record) || isSame(known, record))) continue;
      list.set(record.id, record);
      changed.add(record.app);
    }
    for (const { app, id } of delta.removals) {
      if (listOf(app).delete(id)) changed.add(app);
    }
    for (const app of changed) this.#put(app, [...listOf(app).values()]);
    this.#tell(changed);
  }

  #put(app: string, list: readonly InstanceRecord[]): void {
    this.#size += list.length - this.instances(app).length;
    if (list.length === 0) this.#lists.delete(app);
    else this.#lists.set(app, list);
  }

  #tell(changed: ReadonlySet<string>): void {
    if (changed.size === 0) return;
    for (const listener of this.#listeners) listener(changed);
  }
}

/** A list that never changes, for tests and for callers without a registry. */
export function staticServers(lists: Readonly<Record<string, readonly InstanceRecord[]>>): ServerList {
  return {
    instances: (app) => lists[app] ?? none,
    apps: () => Object.keys(lists),
    subscribe: () => () => {},
  };
}

function indexed(list: readonly InstanceRecord[]): Instances {
  return new Map(list.map((record) => [record.id, record]));
}

/** The latest account of each instance, by app. */
function byApp(instances: readonly InstanceRecord[]): Map<string, Instances> {
  const apps = new Map<string, Instances>();
  for (const record of instances) {
    const list = apps.get(record.app) ?? new Map<string, InstanceRecord>();
    apps.set(record.app, list);
    const known = list.get(record.id);
    if (known === undefined || !isNewer(known, record)) list.set(record.id, record);
  }
  return apps;
}

/** `old` itself when nothing of it changes. A kept instance's place is before all that were named. */
function mergeList(
  old: readonly InstanceRecord[],
  named: Instances | undefined,
  keep: (record: InstanceRecord) => boolean,
): readonly InstanceRecord[] {
  const known = indexed(old);
  const kept = old.filter((record) => named?.has(record.id) !== true && keep(record));
  const isUnchanged =
    kept.length + (named?.size ?? 0) === old.length &&
    [...(named?.values() ?? [])].every((record) => isSame(known.get(record.id), record));
  return isUnchanged ? old : [...kept, ...(named?.values() ?? [])];
}

/**
 * Do callers see the same? The account alone does not say so: an operator's override changes the status under the same
 * account. What Eureka's clients registered is compared by what was made of it.
 */
function isSame(a: InstanceRecord | undefined, b: InstanceRecord): boolean {
  if (a === undefined) return false;
  if (a === b) return true;
  return (
    a.incarnation === b.incarnation &&
    a.version === b.version &&
    a.status === b.status &&
    a.address === b.address &&
    a.port === b.port &&
    a.zone === b.zone &&
    a.region === b.region &&
    a.adminPort === b.adminPort &&
    a.serverGroup === b.serverGroup &&
    isSameText(a.metadata, b.metadata)
  );
}

function isSameText(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
