import type { ActivityView } from "@holdfast/wire/control";
import type { ServerGroup } from "../group.ts";
import type { GroupOperation } from "../groups/group-operation.ts";

/** All that survives a restart of control. */
export interface StoredState {
  readonly meta: Readonly<Record<string, string>>;
  /** Application name → what was deployed, as JSON of the caller's. */
  readonly applications: Readonly<Record<string, unknown>>;
  readonly groups: readonly ServerGroup[];
  /** What was asked of groups, the newest ones, oldest first. */
  readonly operations: readonly GroupOperation[];
  /** The newest ones, oldest first. */
  readonly activities: readonly ActivityView[];
}

/** One change; a list of them is written whole or not at all. */
export type StoreWrite =
  | { readonly kind: "meta"; readonly key: string; readonly value: string }
  | { readonly kind: "application"; readonly name: string; readonly body: unknown }
  | { readonly kind: "group"; readonly group: ServerGroup }
  /** By the group's name. */
  | { readonly kind: "group-removed"; readonly name: string }
  | { readonly kind: "operation"; readonly operation: GroupOperation }
  | { readonly kind: "activity"; readonly activity: ActivityView };

/** Never more activities than these are kept; the oldest go first. */
export const activitiesKeptMax = 10_000;

/** Nor more operations: a key that is used again after so many others starts a new one. */
export const operationsKeptMax = 1_000;

/** What opening found. */
export interface StoreOpening {
  readonly state: StoredState;
  /** Where a file that was no usable database was moved, when there was one. */
  readonly movedAside: string | undefined;
}

/** The disk as an argument. Calls are answered in order. */
export interface StateStore {
  /**
   * Opens, checks and reads everything (activities: the newest `activitiesMax`).
   *
   * @throws what the disk says, when it can be neither opened nor started anew.
   */
  open(activitiesMax: number): Promise<StoreOpening>;
  /** Resolves once written. @throws what the disk says; nothing was changed then. */
  write(changes: readonly StoreWrite[]): Promise<void>;
  /** Activities with an id below `before` (default: all), newest first, at most `limit`. */
  activities(limit: number, before?: number): Promise<ActivityView[]>;
  close(): Promise<void>;
}
