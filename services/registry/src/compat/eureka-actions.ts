import { type InstanceRecord, type InstanceStatus, instanceStatuses, type RegistryProfile } from "@holdfast/wire";
import { type EurekaInstance, eurekaIdOf } from "@holdfast/wire/eureka";
import type { AsgGroups } from "./asg-groups.ts";
import { appKey, idKey } from "./keys.ts";
import { withAmazonId } from "./register-check.ts";
import { type AsgStatus, resolveStatus } from "./status-rules.ts";
import type { EurekaStore, Held } from "./store.ts";
import { toEureka } from "./to-eureka.ts";
import { type RecordDefaults, toRecord } from "./to-record.ts";

export interface ActionAnswer {
  readonly status: 200 | 204 | 404 | 409 | 500;
  /** With 409: what is known here, for the peer that asked. */
  readonly entity?: EurekaInstance;
}

/** Something a client did here, which other Eureka servers are to hear of. Nothing that came from one of them. */
export type EurekaActionListener = (action: {
  readonly kind: "heartbeat" | "asg";
  readonly app: string;
  readonly id: string;
  readonly asg?: AsgStatus;
}) => void;

/** `PUT` and `DELETE …/status`. */
export interface StatusOrder {
  /** As the client wrote it. */
  readonly value: string | undefined;
  readonly lastDirtyTimestamp: number | undefined;
  readonly replication: boolean;
}

export interface HeartbeatClaims {
  readonly lastDirtyTimestamp?: number | undefined;
  readonly overriddenStatus?: InstanceStatus | undefined;
}

/** `by` of everything that came through Eureka's API: from an instance, or from another Eureka server. */
export const byClient = "eureka";
export const byPeer = "eureka-peer";

/** Past this a lower `lastDirtyTimestamp` is no straggler but a client whose clock was set back. Profile `fast` only. */
const stragglerMaxMs = 5 * 60_000;

const ok: ActionAnswer = { status: 200 };
const noContent: ActionAnswer = { status: 204 };
const unknown: ActionAnswer = { status: 404 };
const conflict: ActionAnswer = { status: 409 };
const failed: ActionAnswer = { status: 500 };

/** What Eureka's operations do to the registry; the same for single calls and for batches of a peer. */
export class EurekaActions {
  readonly #store: EurekaStore;
  readonly #asg: AsgGroups;
  readonly #defaults: RecordDefaults;
  readonly #tell: EurekaActionListener;

  constructor(store: EurekaStore, asg: AsgGroups, defaults: RecordDefaults, tell: EurekaActionListener) {
    this.#store = store;
    this.#asg = asg;
    this.#defaults = defaults;
    this.#tell = tell;
  }

  /**
   * Registers or replaces. What is stored stays, and its lease is renewed, when the client itself has said something
   * later before. Both times are the client's: nothing here compares clocks of two machines.
   */
  register(given: EurekaInstance, replication: boolean): ActionAnswer {
    const by = replication ? byPeer : byClient;
    const instance = withAmazonId(given);
    const [app, id] = [appKey(instance.app), idKey(eurekaIdOf(instance))];
    const existing = this.#store.find(app, id);
    // Ours, told to that server by us, come back: the instance itself says better what it is.
    if (replication && existing !== undefined && existing.record.eureka === undefined) return noContent;
    if (existing !== undefined && isStraggler(existing.record.eureka, instance, this.#defaults.profile)) {
      this.#store.renew(app, id, by);
      return noContent;
    }
    this.#store.put(toRecord(instance, this.#ownStatus(instance, existing, replication), this.#defaults), by);
    // An instance of ours holds this id, or held it a moment ago: the later start of the two is believed.
    if (this.#store.find(app, id)?.record.eureka !== instance) return conflict;
    if (instance.overriddenStatus !== "UNKNOWN" && existing?.override === undefined) {
      this.#store.setOverride(app, id, instance.overriddenStatus, by, "came with the registration");
    }
    return noContent;
  }

  /** 404: register (again). 409, to a peer only: what is known here is newer. */
  heartbeat(app: string, id: string, claims: HeartbeatClaims | undefined, replication: boolean): ActionAnswer {
    const by = replication ? byPeer : byClient;
    const known = this.#store.renew(app, id, by);
    // An override that was dropped without a word on what comes next leaves UNKNOWN, until the client registers again.
    if (known === undefined || (known.status === "UNKNOWN" && known.eureka !== undefined)) return unknown;
    if (!this.#asg.empty) this.#applyAsg(this.#store.find(app, id), by);
    if (!replication) this.#tell({ kind: "heartbeat", app, id });
    return claims === undefined ? ok : this.#compare(known, claims, replication);
  }

  cancel(app: string, id: string, replication: boolean): ActionAnswer {
    const by = replication ? byPeer : byClient;
    return this.#store.cancel(app, id, by) ? ok : unknown;
  }

  /** `PUT …/status?value=`: an operator's word. */
  override(app: string, id: string, order: StatusOrder): ActionAnswer {
    const held = this.#store.find(app, id);
    if (held === undefined) return unknown;
    const status = statusNamed(order.value);
    if (status === undefined) return failed;
    const by = order.replication ? byPeer : byClient;
    this.#store.renew(app, id, by);
    // Nothing to order, unless it is only damping that makes it look so.
    if (held.status === status && (held.override === status || held.record.status === status)) return ok;
    if (!this.#store.setOverride(app, id, status, by, "PUT status")) return failed;
    this.#advanceDirty(app, id, order.lastDirtyTimestamp, by);
    // Eureka sets what callers see at once, even for an instance that called itself DOWN: until that speaks again.
    if (this.#store.find(app, id)?.status !== status && held.record.eureka !== undefined) {
      this.#store.setOwnStatus(app, id, status, by);
    }
    return ok;
  }

  /** `DELETE …/status[?value=]`: the operator has nothing more to say. */
  dropOverride(app: string, id: string, order: StatusOrder): ActionAnswer {
    const held = this.#store.find(app, id);
    if (held === undefined) return unknown;
    const status = order.value === undefined ? "UNKNOWN" : statusNamed(order.value);
    if (status === undefined) return failed;
    const by = order.replication ? byPeer : byClient;
    this.#store.renew(app, id, by);
    if (held.override === undefined) return ok;
    // First what it is then, so that nobody sees what it was before the override in between. An instance of ours keeps its own word.
    if (held.record.eureka !== undefined) this.#store.setOwnStatus(app, id, status, by);
    this.#store.clearOverride(app, id, by);
    this.#advanceDirty(app, id, order.lastDirtyTimestamp, by);
    return ok;
  }

  /** Adds to the metadata, or replaces. */
  metadata(app: string, id: string, entries: ReadonlyMap<string, string>): ActionAnswer {
    const held = this.#store.find(app, id);
    if (held === undefined) return unknown;
    const said = held.record.eureka;
    // An instance of ours tells its own metadata: the next of its accounts would take this back.
    if (said === undefined) return failed;
    const metadata = Object.fromEntries([...Object.entries(said.metadata), ...entries]);
    this.#store.put(toRecord({ ...said, metadata }, held.record.status, this.#defaults), byClient);
    return ok;
  }

  /** Remembers the word on a group, and applies it to the instances that are here. */
  setAsg(name: string, status: AsgStatus, replication: boolean): void {
    this.#asg.set(name, status);
    // Gathered first: nothing is to change under the list while it is gone through.
    const members = Array.from(this.#store.list()).filter(({ record }) => record.eureka?.asgName === name);
    for (const held of members) this.#applyAsg(held, replication ? byPeer : byClient);
    if (!replication) this.#tell({ kind: "asg", app: name, id: name, asg: status });
  }

  /** An override found with a peer's heartbeat that we shall answer with 404: kept for the registration that follows. */
  #compare(known: InstanceRecord, claims: HeartbeatClaims, replication: boolean): ActionAnswer {
    const stored = known.eureka?.lastDirtyTimestamp;
    const said = claims.lastDirtyTimestamp;
    if (stored === undefined || said === undefined || said === stored) return ok;
    if (!replication) return said < stored ? ok : unknown;
    const held = this.#store.find(known.app, known.id);
    if (held === undefined) return unknown;
    if (said < stored) return { status: 409, entity: toEureka(held) };
    const override = claims.overriddenStatus;
    if (override !== undefined && override !== "UNKNOWN" && held.override !== override) {
      this.#store.setOverride(known.app, known.id, override, byPeer, "came with a peer's heartbeat");
    }
    return unknown;
  }

  /** The instance's own status, as the rules see it. While an override stands, its word is kept as it was said. */
  #ownStatus(instance: EurekaInstance, existing: Held | undefined, replication: boolean): InstanceStatus {
    if (existing?.override !== undefined || instance.overriddenStatus !== "UNKNOWN") return instance.status;
    const question = { own: instance.status, override: undefined, existing: existing?.record.status, replication };
    return resolveStatus({ ...question, asg: this.#asg.of(instance.asgName) }).status;
  }

  #applyAsg(held: Held | undefined, by: string): void {
    if (held === undefined) return;
    const { record } = held;
    const asg = this.#asg.of(record.eureka?.asgName);
    if (asg === undefined || held.override !== undefined) return;
    const own = record.status;
    const { status } = resolveStatus({ own, override: undefined, asg, existing: own, replication: false });
    if (status !== own) this.#store.setOwnStatus(record.app, record.id, status, by);
  }

  /** A peer that has seen a later word of the client than we says so: its next heartbeat is no news. */
  #advanceDirty(app: string, id: string, dirty: number | undefined, by: string): void {
    const held = this.#store.find(app, id);
    const said = held?.record.eureka;
    if (held === undefined || said?.lastDirtyTimestamp === undefined) return;
    if (dirty === undefined || dirty <= said.lastDirtyTimestamp) return;
    this.#store.put(toRecord({ ...said, lastDirtyTimestamp: dirty }, held.record.status, this.#defaults), by);
  }
}

function isStraggler(stored: EurekaInstance | undefined, incoming: EurekaInstance, profile: RegistryProfile): boolean {
  if (stored?.lastDirtyTimestamp === undefined || incoming.lastDirtyTimestamp === undefined) return false;
  const behindMs = stored.lastDirtyTimestamp - incoming.lastDirtyTimestamp;
  return behindMs > 0 && (profile === "compat" || behindMs < stragglerMaxMs);
}

function statusNamed(value: string | undefined): InstanceStatus | undefined {
  return instanceStatuses.find((status) => status === value);
}
