import type { OperationView } from "@holdfast/wire/control";
import type { Activities } from "./activities.ts";
import type { Fleet } from "./fleet.ts";
import { isOutdated, type ServerGroup } from "./group.ts";
import type { GroupBook } from "./groups/group-book.ts";
import type { GroupOperation } from "./groups/group-operation.ts";
import type { GroupOperations } from "./groups/group-operations.ts";
import type { TrafficKeeper } from "./groups/traffic.ts";
import type { Operations } from "./operations.ts";
import { progressOf, rolloutCrashesMax } from "./progress.ts";
import type { Reconciler } from "./reconciler.ts";
import type { DurableState } from "./store/durable-state.ts";
import type { ZoneWatch } from "./zone-watch.ts";

export interface FollowUpParts {
  readonly book: GroupBook;
  readonly fleet: Fleet;
  readonly zones: ZoneWatch;
  readonly state: DurableState;
  readonly activities: Activities;
  readonly operations: Operations;
  readonly groupOperations: GroupOperations;
  readonly traffic: TrafficKeeper;
  readonly reconciler: () => Reconciler;
}

/** After each round: moves what was asked for on, and ends what is done, has failed, or has nobody left. */
export class FollowUp {
  readonly #parts: FollowUpParts;

  constructor(parts: FollowUpParts) {
    this.#parts = parts;
  }

  /** True while there is something to follow. */
  isRestless(group: ServerGroup): boolean {
    return (
      group.rollout !== undefined ||
      group.deletingAtMs !== undefined ||
      this.#parts.operations.isRunning(group.definition.service) ||
      this.#parts.groupOperations.running(group.name).length > 0
    );
  }

  group(group: ServerGroup): void {
    if (!this.isRestless(group)) return;
    const { book, fleet, zones } = this.#parts;
    this.#followService(group);
    for (const operation of this.#parts.groupOperations.running(group.name)) this.#followOperation(group, operation);
    if (group.deletingAtMs === undefined || !zones.allListed) return;
    const instances = book.membersOf(group, fleet.of(group.cluster));
    if (instances.every((instance) => instance.state === "stopped")) this.#remove(group);
  }

  /** Why the last of a group's instances crashed; empty when they do not. */
  crashOf(group: string): string {
    for (const backoff of this.#parts.fleet.backoffs(group).values()) if (backoff.reason !== "") return backoff.reason;
    return "";
  }

  #crashes(group: string): number {
    let most = 0;
    for (const { crashes } of this.#parts.fleet.backoffs(group).values()) most = Math.max(most, crashes);
    return most;
  }

  /** Restarts and deployments of a service are followed on the group that carries them out, changes of scale on the primary. */
  #followService(group: ServerGroup): void {
    const { book, fleet, operations } = this.#parts;
    const peers = book.cluster(group.cluster);
    const isPrimary = book.primary(group.cluster)?.name === group.name;
    const running = operations.running(group.definition.service).filter(({ id, kind }) => {
      return kind === "scale" ? isPrimary : group.rollout?.operation === id;
    });
    for (const { id, kind } of isPrimary ? operations.running(group.definition.service) : []) {
      if (kind === "scale" || peers.some(({ rollout }) => rollout?.operation === id)) continue;
      const activity = operations.end(id, "failed", "its server group was destroyed");
      if (activity !== undefined) this.#parts.activities.end(activity, "cancelled", "its server group was destroyed");
    }
    const isRolling = group.rollout !== undefined && group.rollout.kind !== "refresh";
    if (running.length === 0 && !isRolling) return;
    const { done, total, complete } = progressOf(group, book.membersOf(group, fleet.of(group.cluster)));
    const crashes = this.#crashes(group.name);
    const wait = group.rollout?.paused ?? this.#parts.reconciler().waits(group.name)[0]?.reason ?? "";
    for (const operation of running) {
      if (complete) this.#endOperation(group, operation, "succeeded", `${done} of ${total} up`);
      else if (crashes >= rolloutCrashesMax) this.#endOperation(group, operation, "failed", this.crashOf(group.name));
      else operations.progress(operation.id, done, total, wait);
    }
    // A deployment that was given up as failed goes on trying, and may get there yet.
    if (complete && isRolling) this.#settle(group.name, true);
  }

  #endOperation(group: ServerGroup, operation: OperationView, state: "succeeded" | "failed", detail: string): void {
    const { operations, activities } = this.#parts;
    const activity = operations.end(operation.id, state, detail);
    if (activity !== undefined) activities.end(activity, state, detail);
    if (group.rollout?.operation !== operation.id) return;
    // A failed restart leaves what still serves in peace; a failed deployment goes on trying, with back-off.
    if (state === "failed" && group.rollout.kind === "deploy") return;
    this.#settle(group.name, state === "succeeded");
  }

  /** The rollout is over; what was superseded is gone once it has succeeded. */
  #settle(name: string, isComplete: boolean): void {
    const { book, state } = this.#parts;
    const present = book.get(name);
    if (present?.rollout === undefined) return;
    const settled = { ...present, rollout: undefined, supersedes: isComplete ? [] : present.supersedes };
    book.put(settled);
    state.note({ kind: "group", group: settled });
  }

  #followOperation(group: ServerGroup, operation: GroupOperation): void {
    const { groupOperations } = this.#parts;
    const verdict = this.#verdictOf(group, operation);
    if (group.deletingAtMs !== undefined && operation.kind !== "destroy") {
      return groupOperations.end(operation, "failed", `${group.name} is being destroyed`);
    }
    if (verdict.outcome === undefined) groupOperations.progress(operation, verdict.detail);
    else groupOperations.end(operation, verdict.outcome, verdict.detail);
  }

  #verdictOf(group: ServerGroup, operation: GroupOperation): Verdict {
    const { book, fleet, traffic } = this.#parts;
    const members = book.membersOf(group, fleet.of(group.cluster));
    switch (operation.kind) {
      case "clone":
      case "resize":
        return this.#sizeVerdict(group, operation);
      case "destroy":
        return { detail: `${members.filter(({ state }) => state !== "stopped").length} instances are ending` };
      case "shrink": {
        const left = operation.instances.filter((id) =>
          members.some((one) => one.spec.id === id && one.state !== "stopped"),
        );
        return left.length === 0
          ? { outcome: "succeeded", detail: "ended" }
          : { detail: `${left.join(", ")} is ending` };
      }
      case "enable":
      case "disable":
      case "standby":
      case "in-service": {
        const about = new Set(operation.instances);
        const untold = members.filter(
          (one) => one.state === "up" && (about.size === 0 || about.has(one.spec.id)) && !traffic.keep(group, one),
        );
        if (untold.length > 0) return { detail: `the registries are being told of ${untold.length} instances` };
        return { outcome: "succeeded", detail: "the registries know" };
      }
      case "refresh":
        return refreshVerdict(group, operation, members.filter((one) => isOutdated(group, one)).length);
      default:
        return { outcome: "succeeded", detail: "done" };
    }
  }

  #sizeVerdict(group: ServerGroup, operation: GroupOperation): Verdict {
    const { book, fleet } = this.#parts;
    const { done, total, complete } = progressOf(group, book.membersOf(group, fleet.of(group.cluster)));
    const detail = `${done} of ${total} up`;
    if (complete) return { outcome: "succeeded", detail };
    if (operation.kind === "clone" && this.#crashes(group.name) >= rolloutCrashesMax) {
      return {
        outcome: "failed",
        detail: `${detail}: ${this.crashOf(group.name)}; next: holdfast group destroy ${group.name}`,
      };
    }
    const wait = this.#parts.reconciler().waits(group.name)[0];
    return { detail: wait === undefined ? detail : `${detail}; ${wait.reason}` };
  }

  /** The group and the operation that destroyed it end in one transaction. */
  #remove(group: ServerGroup): void {
    const { book, fleet, state, groupOperations } = this.#parts;
    book.remove(group.name);
    fleet.forgetCrashes(group.name);
    const removal = { kind: "group-removed", name: group.name } as const;
    const [destroy] = groupOperations.running(group.name).filter(({ kind }) => kind === "destroy");
    if (destroy === undefined) state.note(removal);
    else groupOperations.end(destroy, "succeeded", "all its instances have ended", [removal]);
  }
}

interface Verdict {
  readonly outcome?: "succeeded" | "failed";
  readonly detail: string;
}

function refreshVerdict(group: ServerGroup, operation: GroupOperation, left: number): Verdict {
  const { refresh } = group;
  if (refresh === undefined || refresh.operation !== operation.id) {
    return { outcome: "failed", detail: "another refresh took its place" };
  }
  const detail = `${refresh.status}, ${refresh.percent} %${left === 0 ? "" : `, ${left} to be replaced now`}`;
  if (refresh.status === "Successful") return { outcome: "succeeded", detail };
  const isOver = ["Failed", "Cancelled", "RollbackSuccessful", "RollbackFailed"].includes(refresh.status);
  return isOver ? { outcome: "failed", detail: `${detail}: ${refresh.reason}` } : { detail };
}
