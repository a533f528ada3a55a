import type { GroupOperationKind, OperationView } from "@holdfast/wire/control";

/**
 * One request to a group. The store takes it together with the change it makes, in one transaction: a control that dies
 * at any instruction has either both or neither, and the next one goes on from there.
 */
export interface GroupOperation {
  readonly id: string;
  /** Counts operations from 1. */
  readonly sequence: number;
  readonly kind: GroupOperationKind;
  /** The group it is about; for a clone the new one. */
  readonly group: string;
  readonly service: string;
  readonly actor: string;
  /** The asker's name for it: the same again is the same operation, not another. */
  readonly key: string | undefined;
  /** What was asked, as one line of JSON: a key that comes with another request is refused. */
  readonly request: string;
  /** Instances it is about. */
  readonly instances: readonly string[];
  readonly state: "running" | "succeeded" | "failed";
  readonly detail: string;
  readonly activity: number;
  /** Wall times in ms. */
  readonly startedAtMs: number;
  readonly endedAtMs: number | undefined;
}

/** As control's API tells of it. */
export function operationView(operation: GroupOperation): OperationView {
  const { id, kind, service, group, state, detail, startedAtMs, endedAtMs } = operation;
  return {
    id,
    kind,
    service,
    group,
    state,
    detail,
    done: state === "succeeded" ? 1 : 0,
    total: 1,
    startedAt: new Date(startedAtMs).toISOString(),
    endedAt: endedAtMs === undefined ? null : new Date(endedAtMs).toISOString(),
  };
}
