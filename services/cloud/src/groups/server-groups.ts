import { type Clock, type InstanceId, PlatformError } from "@holdfast/kernel";
import type { InstanceObservation } from "@holdfast/wire";
import type { GroupOperationKind } from "@holdfast/wire/control";
import { InstanceUnknownError } from "../errors.ts";
import type { Fleet } from "../fleet.ts";
import type { ScaleBounds, ServerGroup } from "../group.ts";
import { withMark } from "../group.ts";
import type { GroupSettings, LifecycleResult, ScalingProcess } from "../group-settings.ts";
import { nextFreeName } from "../redefine.ts";
import {
  type CloneRequest,
  cloned,
  deleting,
  disabled,
  enabled,
  offStandby,
  onStandby,
  protectedFrom,
  resized,
  resumed,
  shrunk,
  suspended,
  withSettings,
} from "./changes.ts";
import { detachedKey, type GroupBook } from "./group-book.ts";
import type { GroupOperation } from "./group-operation.ts";
import type { GroupChange, GroupOperations } from "./group-operations.ts";
import { completed, heartbeat } from "./lifecycle.ts";
import { cancelled, type RefreshOptions, refreshed, rolledBack } from "./refresh.ts";

export interface ServerGroupsParts {
  readonly clock: Clock;
  readonly book: GroupBook;
  readonly fleet: Fleet;
  readonly operations: GroupOperations;
  readonly newId: () => string;
  /** Refuses an image that is not there. */
  readonly checkImage: (image: string) => void;
}

/** Who asks, and under which key; the same key again is the same operation. */
export interface Asker {
  readonly actor: string;
  readonly key?: string | undefined;
  /** Why, for the diary, where there is more to say than what was asked. */
  readonly cause?: string;
}

/** Three groups of a cluster at most, as Asgard has it. */
const clusterGroupsMax = 3;

/**
 * The atomic operations on server groups. Each answers once it is kept; {@link GroupOperation} tells when it is done. All
 * throw `GROUP_UNKNOWN`, `GROUP_DELETING`, `IDEMPOTENCY_KEY_REUSED`, `STATE_READ_ONLY`, and what they say beside.
 */
export class ServerGroups {
  readonly #parts: ServerGroupsParts;

  constructor(parts: ServerGroupsParts) {
    this.#parts = parts;
  }

  /**
   * Starts the next group of a cluster beside this one.
   *
   * @throws PlatformError `CLUSTER_FULL`, `CAPACITY_INVALID`, `GROUP_EXCLUSIVE`, `IMAGE_MISSING`.
   */
  clone(group: string, request: CloneRequest, asker: Asker): Promise<GroupOperation> {
    const { clock, book } = this.#parts;
    if (request.image !== undefined) this.#parts.checkImage(request.image);
    return this.#ask("clone", group, request, asker, `a copy of ${group}`, (source) => {
      const peers = book.cluster(source.cluster).filter((peer) => peer.deletingAtMs === undefined);
      if (peers.length >= clusterGroupsMax) {
        const oldest = peers[0]?.name ?? "";
        throw new PlatformError("CLUSTER_FULL", `${source.cluster}: has ${peers.length} server groups already`, {
          status: 409,
          next: `holdfast group destroy ${oldest}`,
        });
      }
      const newest = book.cluster(source.cluster).at(-1)?.name ?? source.name;
      return { group: cloned(source, this.#nextName(source.cluster, newest), request, clock.wallMs()) };
    });
  }

  /** @throws PlatformError `CAPACITY_INVALID`. */
  resize(group: string, size: Partial<ScaleBounds>, asker: Asker): Promise<GroupOperation> {
    const words = Object.entries(size).map(([name, value]) => `${name} ${value}`);
    const cause = `${group} to ${words.join(", ")}${asker.cause === undefined ? "" : `: ${asker.cause}`}`;
    return this.#ask("resize", group, size, asker, cause, (present) => ({
      group: resized(present, size),
    }));
  }

  /** Its instances get traffic again, and what disabling suspended goes on. */
  enable(group: string, asker: Asker): Promise<GroupOperation> {
    return this.#ask("enable", group, null, asker, `${group} gets traffic`, (present) => ({ group: enabled(present) }));
  }

  /**
   * Its instances, present and future, get no traffic; nothing of it is launched or ended by itself.
   *
   * @throws PlatformError `LAST_ENABLED_GROUP` (409) for the last of a cluster that serves, unless `force`.
   */
  disable(group: string, { force }: { readonly force: boolean }, asker: Asker): Promise<GroupOperation> {
    return this.#ask("disable", group, { force }, asker, `${group} gets no traffic`, (present) => {
      if (!force && present.disabledAtMs === undefined) this.#checkOthersServe(present, "disable");
      return { group: disabled(present, this.#parts.clock.wallMs()) };
    });
  }

  /**
   * Ends all its instances, and then it is no more.
   *
   * @throws PlatformError `LAST_ENABLED_GROUP` (409) for the last of a cluster that serves, unless `force`.
   */
  destroy(group: string, { force }: { readonly force: boolean }, asker: Asker): Promise<GroupOperation> {
    return this.#ask(
      "destroy",
      group,
      { force },
      asker,
      `${group} goes`,
      (present) => {
        if (!force && present.disabledAtMs === undefined) this.#checkOthersServe(present, "destroy");
        return { group: deleting(present, this.#parts.clock.wallMs()) };
      },
      true,
    );
  }

  /** Ends one instance and wants one less. @throws `INSTANCE_UNKNOWN`, `CAPACITY_INVALID`. */
  shrink(group: string, instance: string, asker: Asker): Promise<GroupOperation> {
    const cause = `${asker.actor} ended ${instance} and wants one less`;
    return this.#askOf("shrink", group, [instance], null, asker, cause, (present) => shrunk(present, instance, cause));
  }

  /** Takes instances out of traffic and capacity; with `decrement` nobody takes their place. */
  enterStandby(group: string, instances: readonly string[], decrement: boolean, asker: Asker): Promise<GroupOperation> {
    const cause = `${instances.join(", ")} on standby`;
    return this.#askOf("standby", group, instances, { decrement }, asker, cause, (present) =>
      onStandby(present, instances, decrement),
    );
  }

  exitStandby(group: string, instances: readonly string[], asker: Asker): Promise<GroupOperation> {
    const cause = `${instances.join(", ")} back in service`;
    return this.#askOf("in-service", group, instances, null, asker, cause, (present) => offStandby(present, instances));
  }

  /** Scale-in and rollouts do not choose them, or do again. */
  protect(group: string, instances: readonly string[], on: boolean, asker: Asker): Promise<GroupOperation> {
    const cause = `${instances.join(", ")} ${on ? "protected from" : "open to"} scale-in`;
    return this.#askOf("protect", group, instances, { on }, asker, cause, (present) =>
      protectedFrom(present, instances, on),
    );
  }

  /** Gives instances away: they run on, and belong to nobody. With `decrement` nobody takes their place. */
  detach(group: string, instances: readonly string[], decrement: boolean, asker: Asker): Promise<GroupOperation> {
    const { book } = this.#parts;
    const cause = `${instances.join(", ")} detached`;
    return this.#ask(
      "detach",
      group,
      { instances, decrement },
      asker,
      cause,
      (present) => {
        this.#checkMembers(present, instances);
        const size = decrement ? resized(present, { desired: present.desired - instances.length }) : present;
        const value = JSON.stringify([...book.detached, ...instances]);
        const without = instances.reduce((so, id) => withMark(so, id, undefined), size);
        return { group: without, more: [{ kind: "meta", key: detachedKey, value }] };
      },
      false,
      instances,
    );
  }

  suspend(group: string, processes: readonly ScalingProcess[], asker: Asker): Promise<GroupOperation> {
    return this.#ask("suspend", group, processes, asker, `${processes.join(", ")} suspended`, (present) => ({
      group: suspended(present, processes),
    }));
  }

  resume(group: string, processes: readonly ScalingProcess[], asker: Asker): Promise<GroupOperation> {
    return this.#ask("resume", group, processes, asker, `${processes.join(", ")} resumed`, (present) => ({
      group: resumed(present, processes),
    }));
  }

  /** @throws PlatformError `GROUP_SETTINGS_INVALID`. */
  configure(group: string, change: Partial<GroupSettings>, asker: Asker): Promise<GroupOperation> {
    const cause = `${Object.keys(change).join(", ")} of ${group}`;
    return this.#ask("settings", group, change, asker, cause, (present) => ({ group: withSettings(present, change) }));
  }

  /** Replaces the instances step by step. @throws PlatformError `REFRESH_INVALID`, `REFRESH_IN_PROGRESS`, `IMAGE_MISSING`. */
  refresh(
    group: string,
    options: Partial<RefreshOptions> & Partial<Pick<CloneRequest, "image" | "run" | "env">>,
    asker: Asker,
  ): Promise<GroupOperation> {
    const { clock, newId } = this.#parts;
    const { image, run, env, ...preferences } = options;
    if (image !== undefined) this.#parts.checkImage(image);
    const operation = newId();
    return this.#ask(
      "refresh",
      group,
      options,
      asker,
      `instance refresh of ${group}`,
      (present) => {
        const template = {
          ...(image === undefined ? {} : { image }),
          ...(run === undefined ? {} : { run }),
          ...(env === undefined ? {} : { env: { ...present.definition.template.env, ...env } }),
        };
        return {
          group: refreshed(present, this.#members(present), {
            operation,
            actor: asker.actor,
            startedAtMs: clock.wallMs(),
            options: preferences,
            ...(Object.keys(template).length === 0 ? {} : { template }),
          }),
        };
      },
      false,
      [],
      operation,
    );
  }

  /** Calls a refresh off, or takes it back. @throws PlatformError `REFRESH_INVALID`. */
  endRefresh(group: string, how: "cancel" | "rollback", asker: Asker): Promise<GroupOperation> {
    const reason = `${asker.actor} asked for it`;
    return this.#ask("continue", group, how, asker, `${how} the refresh of ${group}`, (present) => ({
      group: how === "cancel" ? cancelled(present, reason) : rolledBack(present, this.#members(present), reason),
    }));
  }

  /** A rollout that was paused (a zone was lost) goes on, without the zones that are lost now. */
  continueRollout(group: string, without: readonly string[], asker: Asker): Promise<GroupOperation> {
    return this.#ask("continue", group, "rollout", asker, `the rollout of ${group} goes on`, (present) => {
      if (present.rollout === undefined) return { group: present };
      const { paused: _, ...rollout } = present.rollout;
      return { group: { ...present, rollout: { ...rollout, without } } };
    });
  }

  /** Answers a lifecycle hook, or begins its time anew. @throws `INSTANCE_UNKNOWN`, `HOOK_NOT_WAITING` (409). */
  answerHook(
    group: string,
    instance: string,
    hook: string,
    answer: LifecycleResult | "HEARTBEAT",
    asker: Asker,
  ): Promise<GroupOperation> {
    const { clock } = this.#parts;
    const cause = `${hook} of ${instance}: ${answer}`;
    return this.#askOf("hook", group, [instance], { hook, answer }, asker, cause, (present) => {
      const id = instance as InstanceId;
      const next =
        answer === "HEARTBEAT" ? heartbeat(present, id, hook, clock.wallMs()) : completed(present, id, hook, answer);
      if (next !== present) return next;
      throw new PlatformError("HOOK_NOT_WAITING", `${instance} does not wait for the lifecycle hook ${hook}`, {
        status: 409,
        next: `holdfast groups ${group}`,
      });
    });
  }

  #askOf(
    kind: GroupOperationKind,
    group: string,
    instances: readonly string[],
    request: unknown,
    asker: Asker,
    cause: string,
    change: (group: ServerGroup) => ServerGroup,
  ): Promise<GroupOperation> {
    const checked: GroupChange = (present) => {
      this.#checkMembers(present, instances);
      return { group: change(present) };
    };
    return this.#ask(kind, group, { instances, request }, asker, cause, checked, false, instances);
  }

  #ask(
    kind: GroupOperationKind,
    group: string,
    request: unknown,
    { actor, key, cause: why }: Asker,
    what: string,
    change: GroupChange,
    whileDeleting = false,
    instances: readonly string[] = [],
    id?: string,
  ): Promise<GroupOperation> {
    const checked: GroupChange = (present) => {
      if (present.deletingAtMs === undefined || whileDeleting) return change(present);
      throw new PlatformError("GROUP_DELETING", `${present.name} is being destroyed`, {
        status: 409,
        next: "holdfast groups",
      });
    };
    return this.#parts.operations.submit(
      { kind, group, actor, key, request, instances, cause: why ?? what, id },
      checked,
    );
  }

  #members(group: ServerGroup): readonly InstanceObservation[] {
    return this.#parts.book.membersOf(group, this.#parts.fleet.of(group.cluster));
  }

  #checkMembers(group: ServerGroup, instances: readonly string[]): void {
    const members = this.#members(group);
    for (const id of instances) {
      if (!members.some(({ spec, state }) => spec.id === id && state !== "stopped")) throw new InstanceUnknownError(id);
    }
  }

  /** Nobody takes the last group that serves out of a cluster by mistake. */
  #checkOthersServe(group: ServerGroup, verb: string): void {
    const { book, fleet } = this.#parts;
    const serves = (peer: ServerGroup): boolean =>
      peer.name !== group.name &&
      peer.disabledAtMs === undefined &&
      peer.deletingAtMs === undefined &&
      book.membersOf(peer, fleet.of(peer.cluster)).some(({ state }) => state === "up");
    if (book.cluster(group.cluster).some((peer) => serves(peer))) return;
    throw new PlatformError("LAST_ENABLED_GROUP", `${group.name} is the last group of ${group.cluster} that serves`, {
      status: 409,
      next: `enable another group first, or holdfast group ${verb} ${group.name} --force`,
    });
  }

  #nextName(cluster: string, newest: string): string {
    const { book, fleet } = this.#parts;
    const standing = new Set(fleet.of(cluster).map(({ spec }) => spec.serverGroup));
    const isSuperseded = (name: string): boolean => book.cluster(cluster).some((one) => one.supersedes.includes(name));
    return nextFreeName(
      cluster,
      newest,
      (name) => book.get(name) !== undefined || standing.has(name) || isSuperseded(name),
    );
  }
}
