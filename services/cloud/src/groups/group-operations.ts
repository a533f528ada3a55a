import { type Clock, PlatformError } from "@holdfast/kernel";
import type { GroupOperationKind } from "@holdfast/wire/control";
import type { Activities } from "../activities.ts";
import type { ServerGroup } from "../group.ts";
import type { DurableState } from "../store/durable-state.ts";
import { operationsKeptMax, type StoreWrite } from "../store/state-store.ts";
import { detachedKey, type GroupBook } from "./group-book.ts";
import type { GroupOperation } from "./group-operation.ts";

export interface GroupOperationsParts {
  readonly clock: Clock;
  readonly state: DurableState;
  readonly book: GroupBook;
  readonly activities: Activities;
  readonly newId: () => string;
  /** Throws when another controller has taken over. */
  readonly checkLeads: () => void;
  /** A group of this cluster has changed. */
  readonly onChange: (cluster: string) => void;
}

/** What somebody asks of a group. */
export interface GroupRequest {
  readonly kind: GroupOperationKind;
  /** Name of the group it is asked of. */
  readonly group: string;
  readonly actor: string;
  /** The same key again is the same operation. */
  readonly key?: string | undefined;
  /** All that was asked, to tell a repetition from another request with the same key. */
  readonly request: unknown;
  readonly instances?: readonly string[];
  /** One sentence for the diary. */
  readonly cause: string;
  /** The operation's id, where the change has to know it. Default: a new one. */
  readonly id?: string | undefined;
}

/** What a request makes of the groups: the group as it then is, or a new one. Throws what refuses it. */
export type GroupChange = (group: ServerGroup) => {
  readonly group: ServerGroup;
  /** More that is kept with it, all or nothing. */
  readonly more?: readonly StoreWrite[];
};

/**
 * Requests to groups, one after the other: each is decided on the groups as they are, kept together with the change it
 * makes in one transaction, and only then done. Whatever instruction control dies at, the next one finds both or neither.
 */
export class GroupOperations {
  readonly #parts: GroupOperationsParts;
  readonly #byId = new Map<string, GroupOperation>();
  readonly #byKey = new Map<string, string>();
  readonly #running = new Map<string, Set<string>>();
  #sequence = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: GroupOperationsParts) {
    this.#parts = parts;
  }

  /** Takes over what a former life of control kept. */
  restore(operations: readonly GroupOperation[]): void {
    for (const operation of operations) this.#put(operation);
  }

  get(id: string): GroupOperation | undefined {
    return this.#byId.get(id);
  }

  /** Of one group, that have not ended. */
  running(group: string): readonly GroupOperation[] {
    const ids = this.#running.get(group);
    if (ids === undefined) return none;
    return [...ids].flatMap((id) => this.#byId.get(id) ?? []);
  }

  /** Of one group, newest first. */
  of(group: string, limit: number): readonly GroupOperation[] {
    return [...this.#byId.values()]
      .filter((operation) => operation.group === group)
      .toReversed()
      .slice(0, limit);
  }

  /**
   * Asks for a change.
   *
   * @throws PlatformError `GROUP_UNKNOWN` (404), `IDEMPOTENCY_KEY_REUSED` (422), `STATE_READ_ONLY` (503), and what `change`
   * throws; nothing has changed then.
   */
  submit(request: GroupRequest, change: GroupChange): Promise<GroupOperation> {
    const result = this.#turn.then(() => this.#submit(request, change));
    // The next request waits for this one, but does not fail with it.
    this.#turn = result.catch(() => {});
    return result;
  }

  async #submit(request: GroupRequest, change: GroupChange): Promise<GroupOperation> {
    const { book, state } = this.#parts;
    this.#parts.checkLeads();
    const earlier = this.#earlier(request);
    if (earlier !== undefined) return earlier;
    const before = book.get(request.group);
    if (before === undefined) throw unknownGroup(request.group, book);
    const changed = change(before);
    const operation = this.#operationOf(request, changed.group);
    await state.commit([
      { kind: "operation", operation },
      { kind: "group", group: changed.group },
      ...(changed.more ?? []),
    ]);
    this.#apply(request.group, before, changed.group, change);
    for (const write of changed.more ?? []) {
      if (write.kind === "meta" && write.key === detachedKey) book.setDetached(JSON.parse(write.value));
    }
    return this.#begin(operation, request.cause);
  }

  /** What happened to the group while the disk wrote is not lost: the change is made to the group as it is now. */
  #apply(name: string, before: ServerGroup, changed: ServerGroup, change: GroupChange): void {
    const { book, state, onChange } = this.#parts;
    const now = book.get(name);
    const group = now === before || now === undefined ? changed : change(now).group;
    book.put(group);
    if (group !== changed) state.note({ kind: "group", group });
    onChange(group.cluster);
  }

  #begin(operation: GroupOperation, cause: string): GroupOperation {
    const { activities, state } = this.#parts;
    const { kind, service, actor, group } = operation;
    const activity = activities.begin({ kind, service, actor, group, cause });
    const begun = { ...operation, activity };
    this.#put(begun);
    state.note({ kind: "operation", operation: begun });
    return begun;
  }

  /** Ends it, in the diary as well. Ended ones stay as they are. */
  end(
    operation: GroupOperation,
    outcome: "succeeded" | "failed",
    detail: string,
    more: readonly StoreWrite[] = [],
  ): void {
    const { clock, state, activities } = this.#parts;
    if (this.#byId.get(operation.id)?.state !== "running") return;
    const ended: GroupOperation = { ...operation, state: outcome, detail, endedAtMs: clock.wallMs() };
    this.#put(ended);
    activities.end(operation.activity, outcome, detail);
    state.note({ kind: "operation", operation: ended }, ...more);
  }

  /** How far it is; not kept, it is found out anew. */
  progress(operation: GroupOperation, detail: string): void {
    if (operation.detail !== detail) this.#put({ ...operation, detail });
  }

  #earlier({ key, kind, group, request }: GroupRequest): GroupOperation | undefined {
    const earlier = key === undefined ? undefined : this.#byId.get(this.#byKey.get(key) ?? "");
    if (earlier === undefined) return undefined;
    if (earlier.kind === kind && earlier.request === requestOf(group, request)) return earlier;
    throw new PlatformError("IDEMPOTENCY_KEY_REUSED", `${key}: this key was used for another request (${earlier.id})`, {
      status: 422,
      next: "send another idempotency-key with another request",
    });
  }

  #operationOf(request: GroupRequest, group: ServerGroup): GroupOperation {
    return {
      id: request.id ?? this.#parts.newId(),
      sequence: this.#sequence + 1,
      kind: request.kind,
      group: group.name,
      service: group.definition.service,
      actor: request.actor,
      key: request.key,
      request: requestOf(request.group, request.request),
      instances: request.instances ?? [],
      state: "running",
      detail: "",
      activity: 0,
      startedAtMs: this.#parts.clock.wallMs(),
      endedAtMs: undefined,
    };
  }

  #put(operation: GroupOperation): void {
    this.#sequence = Math.max(this.#sequence, operation.sequence);
    this.#byId.set(operation.id, operation);
    if (operation.key !== undefined) this.#byKey.set(operation.key, operation.id);
    const running = this.#running.get(operation.group) ?? new Set();
    if (operation.state === "running") this.#running.set(operation.group, running.add(operation.id));
    else if (running.delete(operation.id) && running.size === 0) this.#running.delete(operation.group);
    if (this.#byId.size > operationsKeptMax) this.#forgetOldest();
  }

  #forgetOldest(): void {
    const oldest = this.#byId.values().next().value;
    if (oldest === undefined || oldest.state === "running") return;
    this.#byId.delete(oldest.id);
    if (oldest.key !== undefined && this.#byKey.get(oldest.key) === oldest.id) this.#byKey.delete(oldest.key);
  }
}

const none: readonly GroupOperation[] = [];

function requestOf(group: string, request: unknown): string {
  return JSON.stringify([group, request]);
}

export function unknownGroup(name: string, book: GroupBook): PlatformError {
  const known = Array.from(book.all(), (group) => group.name);
  const few = known.length > 8 ? `${known.slice(0, 8).join(", ")} and ${known.length - 8} more` : known.join(", ");
  return new PlatformError("GROUP_UNKNOWN", `${name}: no such server group; known: ${few || "none yet"}`, {
    status: 404,
    details: { group: name },
    next: "holdfast groups",
  });
}
