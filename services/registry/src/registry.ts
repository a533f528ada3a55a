import { Agent, type ServerResponse } from "node:http";
import { type Clock, type InstanceId, type Log, type Random, type Timer } from "@holdfast/kernel";
import {
  type Cursor,
  type InstanceRecord,
  type InstanceStatus,
  isNewer,
  type LeaseExplanation,
  type OverrideView,
  type PeerView,
  type PreservationView,
  parseCursor,
  type RegistryEventsAnswer,
  type RegistryProfile,
  type RegistrySettings,
  type RegistrySummary,
  type RenewRequest,
  type SeenAnswer,
  type StatusChange,
} from "@holdfast/wire";
import type { EurekaStore, Held, StoreChange, Unstamped } from "./compat/store.ts";
import type { EventFilter } from "./event-log.ts";
import { keyOf } from "./lease.ts";
import type { LeaseOptions } from "./lease-options.ts";
import type { ListenerFilter } from "./listener-filter.ts";
import { PeerAnswers } from "./peer-answers.ts";
import { claimed, older, unknown } from "./registry-errors.ts";
import {
  identityOf,
  makeParts,
  type RegistryIdentity,
  type RegistryParts,
  type RegistryPorts,
} from "./registry-parts.ts";
import { RegistryViews } from "./registry-views.ts";
import type { ReplicateAnswer, ReplicateRequest } from "./replicate-call.ts";

export type { RegistryPorts } from "./registry-parts.ts";

/** A registry with no peer that answers serves alone after so long. */
const aloneAfterMs = 2_000;
const expireEveryMs = 1_000;
/** A registry that has heard no peer in so long is believed alone: as long as self-preservation lasts. */
const aloneForMs = 600_000;
const lookEveryMs = 50;

/** One peer of the registry: the lease table with its listeners, peers and clock. Knows nothing of HTTP requests. */
export class Registry implements EurekaStore {
  readonly #identity: RegistryIdentity;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #parts: RegistryParts;
  readonly #views: RegistryViews;
  readonly #answers: PeerAnswers;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8, timeout: 30_000 });
  readonly #startedMonotonicMs: number;
  #expiry: Timer | undefined;
  /** A peer was heard since the start, or there is none. */
  #hasHeard = false;
  #synced = false;
  #draining = false;

  /** `leases` overrides the profile's own timings. */
  constructor(
    clock: Clock,
    random: Random,
    log: Log,
    settings: RegistrySettings,
    leases?: LeaseOptions,
    ports: RegistryPorts | RegistryPorts["reach"] = {},
  ) {
    this.#clock = clock;
    this.#log = log;
    this.#startedMonotonicMs = clock.monotonicMs();
    const identity = identityOf(clock, settings);
    const given = typeof ports === "function" ? { reach: ports } : ports;
    this.#identity = identity;
    this.#parts = makeParts(clock, random, log, this.#agent, identity, settings.peers, leases, given);
    this.#answers = new PeerAnswers(clock, identity, this.#parts);
    this.#views = new RegistryViews(clock, identity, this.#parts);
  }

  get name(): string {
    return this.#identity.name;
  }

  get zone(): string {
    return this.#identity.zone;
  }

  get region(): string {
    return this.#identity.region;
  }

  get profile(): RegistryProfile {
    return this.#identity.profile;
  }

  get startedAtMs(): number {
    return this.#identity.startedAtMs;
  }

  /** True once a peer has told all it knows, or none answered for two seconds. Before that, nobody is to believe our view. */
  get synced(): boolean {
    return this.#synced;
  }

  /** True when listeners are to go to another peer. */
  get draining(): boolean {
    return this.#draining;
  }

  get serving(): boolean {
    return this.#synced && !this.#draining;
  }

  /** Starts leases, probes and peer links; resolves when {@link synced}. */
  async start(): Promise<void> {
    this.#expiry = this.#clock.every(expireEveryMs, () => this.#expire());
    // From now on it is known when we stand still.
    this.#expire();
    if (this.#identity.probe !== "off") this.#parts.prober.start();
    this.#parts.peers.connect();
    const endAtMs = this.#clock.monotonicMs() + aloneAfterMs;
    while (!this.#parts.peers.haveTold) {
      if (this.#clock.monotonicMs() >= endAtMs) {
        if (!this.#parts.peers.anyUp) this.#log.warn("registry.alone", { name: this.name });
        break;
      }
      await this.#clock.sleep(lookEveryMs);
      if (this.#expiry === undefined) return;
    }
    this.#synced = true;
    this.#log.info("registry.synced", { instances: this.#parts.table.size, peers: this.peers() });
  }

  /** Sends all listeners to the other peers. */
  drain(): void {
    this.#draining = true;
    this.#parts.hub.endStreams();
  }

  /** Tells the peers what they do not know yet, and stops. */
  async close(): Promise<void> {
    this.#expiry?.cancel();
    this.#expiry = undefined;
    this.#parts.prober.stop();
    this.#parts.hub.close();
    await this.#parts.peers.close();
    this.#agent.destroy();
  }

  peers(): PeerView[] {
    return this.#parts.peers.views();
  }

  get listeners(): number {
    return this.#parts.hub.size;
  }

  get size(): number {
    return this.#parts.table.size;
  }

  /** Expired leases kept because it may be we who cannot hear. */
  get held(): number {
    return this.#parts.table.held;
  }

  get cursor(): Cursor {
    return this.#parts.table.cursor;
  }

  /** As callers see them. */
  records(app?: string): InstanceRecord[] {
    return this.#parts.table.records(app);
  }

  /**
   * What callers saw at a cursor of this peer, or at a moment (wall ms).
   *
   * @throws PlatformError `HISTORY_GONE` (410) when that is longer ago than what is kept.
   */
  recordsAt(moment: Cursor | number, app?: string): InstanceRecord[] {
    return this.#views.recordsAt(moment, app);
  }

  get(app: string, id: string): InstanceRecord | undefined {
    return this.#parts.table.get(app, id);
  }

  /** @throws PlatformError `INSTANCE_OLDER` (409) when a later account of the instance is known. */
  register(record: InstanceRecord): void {
    if (this.#parts.table.register(record, this.#clock.monotonicMs()) === "older") throw older(record.id);
  }

  /**
   * @throws PlatformError `INSTANCE_UNKNOWN` (404): the instance must register again; `INSTANCE_OLDER` (409): a later
   * start of the same id is registered.
   */
  renewOwn(app: string, id: string, account: RenewRequest): void {
    const lease = this.#parts.table.renewal(app, id, account, this.#clock.monotonicMs());
    if (lease === undefined) throw unknown(id);
    if (lease.record.incarnation > account.incarnation) throw claimed(id);
    this.#parts.meters.renewals.increment();
    this.#parts.peers.renewed(lease.key);
  }

  /**
   * Changes the status; waits for all listeners of all peers when asked to.
   *
   * @throws PlatformError `INSTANCE_UNKNOWN` (404): the instance must register again, also when it knows more of itself
   * than we do; `INSTANCE_OLDER` (409): a later start, or a later change, is known.
   */
  async setStatus(app: string, id: InstanceId, change: StatusChange): Promise<SeenAnswer> {
    const known = this.#parts.table.lease(app, id)?.record;
    const { incarnation, version, status, awaitSeenMs } = change;
    // A change that was never told here may have come before this one: to take it for granted would undo that one.
    if (known === undefined || isNewer(change, { ...known, version: known.version + 1 })) throw unknown(id);
    const nowMs = this.#clock.monotonicMs();
    if (this.#parts.table.register({ ...known, incarnation, version, status }, nowMs) === "older") {
      throw known.incarnation > incarnation ? claimed(id) : older(id);
    }
    const replica = this.#parts.table.replica(keyOf(app, id), nowMs);
    if (awaitSeenMs === 0 || replica === undefined) return { listeners: 0, seen: 0, complete: true };
    const here = this.#parts.hub.flushAndAwait(this.#parts.table, app, awaitSeenMs);
    const there = this.#parts.peers.sendAndAwait(replica, app, awaitSeenMs);
    return sumSeen([await here, ...(await there)]);
  }

  /** With `incarnation`: every start up to that one, for good. Without: what is known now. */
  remove(id: InstanceId, app: string, cause: string, incarnation: number | undefined, by = "instance"): boolean {
    const account = incarnation === undefined ? undefined : { incarnation, version: Number.MAX_SAFE_INTEGER };
    if (!this.#parts.table.remove(app, id, cause, by, this.#clock.monotonicMs(), account)) return false;
    this.#log.info("registry.removed", { app, instance: id, cause });
    this.#parts.hub.flush(this.#parts.table);
    return true;
  }

  /**
   * Takes a batch from a peer.
   *
   * @throws PlatformError `PEER_CLOCK_ABSURD` (409) when its clock cannot be believed.
   */
  replicate(request: ReplicateRequest): Promise<ReplicateAnswer> {
    return this.#answers.answer(request, this.#synced);
  }

  open(response: ServerResponse, filter: ListenerFilter, lastEventId: string | undefined): void {
    const resume = lastEventId === undefined ? undefined : parseCursor(lastEventId);
    this.#parts.hub.open(this.#parts.table, response, filter, this.#ageMs(), resume);
  }

  /** True when such a listener is there. */
  acknowledge(listener: string, cursor: string): boolean {
    const parsed = parseCursor(cursor);
    return parsed !== undefined && this.#parts.hub.acknowledge(listener, parsed.sequence);
  }

  events(filter: EventFilter): RegistryEventsAnswer {
    return this.#parts.events.list(filter);
  }

  /** Why callers see an instance as they do, or do not. */
  why(app: string, id: string): LeaseExplanation {
    return this.#views.why(app, id);
  }

  preservation(): PreservationView {
    return this.#views.preservation();
  }

  summary(): RegistrySummary {
    return this.#views.summary(this.#synced, this.#draining);
  }

  overrides(): OverrideView[] {
    return this.#views.overrides();
  }

  // What the Eureka face asks for: EurekaStore.

  find(app: string, id: string): Held | undefined {
    return this.#parts.shelf.find(app, id);
  }

  list(app?: string): Iterable<Held> {
    return this.#parts.shelf.list(app);
  }

  apps(): readonly string[] {
    return this.#parts.table.apps();
  }

  put(record: Unstamped, by: string): void {
    this.#parts.shelf.put(record, by);
  }

  renew(app: string, id: string): InstanceRecord | undefined {
    const lease = this.#parts.table.renewal(app, id, undefined, this.#clock.monotonicMs());
    if (lease === undefined) return undefined;
    this.#parts.meters.renewals.increment();
    this.#parts.peers.renewed(lease.key);
    return lease.shown;
  }

  cancel(app: string, id: string, by: string): boolean {
    return this.#parts.shelf.cancel(app, id, by);
  }

  setOverride(app: string, id: string, status: InstanceStatus, by: string, reason: string): boolean {
    return this.#parts.shelf.override(app, id, status, by, reason);
  }

  clearOverride(app: string, id: string, by: string, reason = ""): boolean {
    return this.#parts.shelf.override(app, id, null, by, reason);
  }

  setOwnStatus(app: string, id: string, status: InstanceStatus, by: string): boolean {
    return this.#parts.shelf.setOwnStatus(app, id, status, by);
  }

  onChange(watcher: (change: StoreChange) => void): () => void {
    return this.#parts.shelf.onChange(watcher);
  }

  /**
   * For how long whoever is alive could have registered here. A registry that has heard none of its peers since its start
   * may be cut off together with them: for ten minutes listeners are told that it is as young as at its start.
   */
  #ageMs(): number {
    this.#noteHeard();
    const aloneMs = this.#hasHeard ? 0 : aloneForMs;
    return Math.max(0, this.#clock.monotonicMs() - this.#startedMonotonicMs - aloneMs);
  }

  #noteHeard(): void {
    if (this.#hasHeard) return;
    const { anyPeers, allDown } = this.#parts.peers.reach();
    this.#hasHeard = !anyPeers || !allDown;
  }

  #expire(): void {
    this.#noteHeard();
    const probedAs = this.#identity.probe === "off" ? undefined : (key: string) => this.#parts.prober.probedAs(key);
    const before = this.#parts.table.size;
    this.#parts.table.expire(this.#clock.monotonicMs(), this.#parts.peers.reach(), probedAs);
    if (this.#parts.table.size < before)
      this.#log.warn("registry.evicted", { instances: before - this.#parts.table.size });
    this.#parts.meters.stand(this.#views.standing());
  }
}

function sumSeen(answers: readonly SeenAnswer[]): SeenAnswer {
  let [listeners, seen, complete] = [0, 0, true];
  for (const answer of answers) {
    listeners += answer.listeners;
    seen += answer.seen;
    complete &&= answer.complete;
  }
  return { listeners, seen, complete };
}
