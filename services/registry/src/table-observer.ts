import type { InstanceRecord, InstanceStatus, RegistryEventKind } from "@holdfast/wire";
import type { Change } from "./history.ts";
import type { Lease, Replica } from "./lease.ts";

/** What an instance was before a change, besides what callers saw of it. */
export interface Before {
  /** Its own account. */
  readonly record: InstanceRecord;
  /** An operator's word that was in force. */
  readonly override: InstanceStatus | undefined;
  /** Monotonic ms of the change before. */
  readonly updatedAtMs: number;
}

/** What the table tells its owner, while it happens. */
export interface TableObserver {
  /** What callers see has changed. `lease` is as it is now, or as it was last; `before` is absent when it is new. */
  changed(change: Change, lease: Readonly<Lease>, before: Before | undefined): void;
  /** Something was decided here: the peers are to know. */
  tell(replica: Replica): void;
  /** Worth remembering for people. */
  noted(kind: RegistryEventKind, app: string, id: string, by: string, detail: string): void;
}

/** Time and order. */
export interface TableClock {
  /** Wall time in ms: for people, and to look back. */
  nowMs(): number;
  /** Greater than any before; see `ClusterClock`. */
  stamp(): number;
}
