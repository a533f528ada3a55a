import type { ActivityView } from "@holdfast/wire/control";
import type { ServerGroup } from "../group.ts";
import type { GroupOperation } from "../groups/group-operation.ts";
import {
  activitiesKeptMax,
  operationsKeptMax,
  type StateStore,
  type StoreOpening,
  type StoreWrite,
} from "./state-store.ts";

/** Keeps everything for as long as the object lives; for tests and simulations. `failWith` plays a disk that refuses. */
export class MemoryStore implements StateStore {
  readonly #meta = new Map<string, string>();
  readonly #applications = new Map<string, unknown>();
  readonly #groups = new Map<string, ServerGroup>();
  readonly #operations = new Map<number, GroupOperation>();
  readonly #activities = new Map<number, ActivityView>();
  /** While set, every write fails with it. */
  failWith: Error | undefined;

  async open(activitiesMax: number): Promise<StoreOpening> {
    const state = {
      meta: Object.fromEntries(this.#meta),
      applications: Object.fromEntries(this.#applications),
      groups: [...this.#groups.values()],
      operations: [...this.#operations.values()].toSorted((a, b) => a.sequence - b.sequence),
      activities: (await this.activities(activitiesMax)).toReversed(),
    };
    return { state: structuredClone(state), movedAside: undefined };
  }

  async write(changes: readonly StoreWrite[]): Promise<void> {
    if (this.failWith !== undefined) throw this.failWith;
    for (const change of structuredClone(changes)) this.#apply(change);
  }

  async activities(limit: number, before = Number.MAX_SAFE_INTEGER): Promise<ActivityView[]> {
    const older = [...this.#activities.values()].filter((activity) => activity.id < before);
    return older.toSorted((a, b) => b.id - a.id).slice(0, limit);
  }

  async close(): Promise<void> {}

  #apply(change: StoreWrite): void {
    switch (change.kind) {
      case "meta":
        this.#meta.set(change.key, change.value);
        return;
      case "application":
        this.#applications.set(change.name, change.body);
        return;
      case "group":
        this.#groups.set(change.group.name, change.group);
        return;
      case "group-removed":
        this.#groups.delete(change.name);
        return;
      case "operation":
        this.#operations.set(change.operation.sequence, change.operation);
        this.#operations.delete(change.operation.sequence - operationsKeptMax);
        return;
      case "activity":
        this.#activities.set(change.activity.id, change.activity);
        this.#activities.delete(change.activity.id - activitiesKeptMax);
        return;
      default:
        change satisfies never;
    }
  }
}
