import { Agent, type ServerResponse } from "node:http";
import {
  type Clock,
  hash32,
  type InstanceId,
  type Log,
  PlatformError,
  type Random,
  type Timer,
  within,
} from "@holdfast/kernel";
import {
  type Cursor,
  type InstanceRecord,
  type InstanceStatus,
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
import { ClusterClock } from "./cluster-clock.ts";
import { EurekaExpiry } from "./compat/eureka-expiry.ts";
import type { EurekaStore, Held, StoreChange, Unstamped } from "./compat/store.ts";
import { type EventFilter, EventLog } from "./event-log.ts";
import type { PeerReach } from "./expiry-policy.ts";
import { explainLease, preservationOf } from "./explain.ts";
import type { Change } from "./history.ts";
import { keyOf, type Lease, type Override, type Replica } from "./lease.ts";
import { type LeaseOptions, LeaseTable, leaseDefaults } from "./lease-table.ts";
import { type ListenerFilter, ListenerHub } from "./listener-hub.ts";
import { PeerLink } from "./peer-link.ts";
import { Preservation } from "./preservation.ts";
import { type ProbeCall, socketProbe } from "./probe.ts";
import { Prober, proberDefaults } from "./prober.ts";
import { profileOf } from "./profiles.ts";
import {
  httpReplicateCall,
  type ReplicateAnswer,
  type ReplicateCall,
  type ReplicateRequest,
} from "./replicate-call.ts";

/** A registry with no peer that answers serves alone after so long. */
const aloneAfterMs = 2_000;
const expireEveryMs = 1_000;
const lookEveryMs = 50;
/** A peer that hangs may take so much longer than it was given. */
const seenMarginMs = 250;

/** What is exchanged for something simulated under test. */
export interface RegistryPorts {
  /** Makes the call to the peer at a URL. Default: over HTTP. */
  readonly reach?: (url: string) => ReplicateCall;
  /** Looks at an instance's port. Default: over TCP and HTTP. */
  readonly probe?: ProbeCall;
}

/** One peer of the registry: the lease table with its listeners, peers and clock. Knows nothing of HTTP requests. */
export class Registry implements EurekaStore {
  readonly profile: RegistryProfile;
  readonly name: string;
  readonly zone: string;
  readonly region: string;
  readonly startedAtMs: number;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #time: ClusterClock;
  readonly #table: LeaseTable;
  readonly #events: EventLog;
  readonly #policy: Preservation | EurekaExpiry;
  readonly #hub: ListenerHub;
  readonly #peers: readonly PeerLink[];
  readonly #prober: Prober;
  readonly #probeKind: RegistrySummary["probe"];
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8, timeout: 30_000 });
  readonly #watchers = new Set<(change: StoreChange) => void>();
  readonly #startedMonotonicMs: number;
  #expiry: Timer | undefined;
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
    const { reach, probe } = typeof ports === "function" ? { reach: ports, probe: undefined } : ports;
    this.#clock = clock;
    this.#log = log;
    this.name = settings.name;
    this.zone = settings.zone ?? settings.name;
    this.region = settings.region ?? "local-1";
    this.profile = settings.profile ?? "fast";
    this.startedAtMs = clock.wallMs();
    this.#startedMonotonicMs = clock.monotonicMs();
    this.#time = new ClusterClock(clock, hash32(settings.name), (delta) => this.#table.rebase(delta));
    this.#events = new EventLog(() => clock.wallMs());
    this.#policy = this.profile === "compat" ? new EurekaExpiry(random.child("expiry")) : new Preservation();
    this.#hub = new ListenerHub(clock, random);
    const observer = {
      changed: (change: Change) => this.#changed(change),
      tell: (replica: Replica) => this.#tell(replica),
      noted: this.#events.add.bind(this.#events),
    };
    const options = leases ?? { ...leaseDefaults, ...profileOf(this.profile).leases };
    this.#table = new LeaseTable(settings.name, this.startedAtMs, this.#time, this.#policy, observer, options);
    const call = reach ?? ((url: string) => httpReplicateCall(clock, this.#agent, url));
    this.#peers = settings.peers.map((url) => this.#linkTo(url, call(url)));
    this.#probeKind = settings.probe ?? "off";
    const kind = this.#probeKind === "http" ? "http" : "tcp";
    const probing = { ...proberDefaults, kind, zone: this.zone } as const;
    this.#prober = new Prober(clock, log, this.#table, probing, probe ?? socketProbe(clock), () => this.#peers);
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
    if (this.#probeKind !== "off") this.#prober.start();
    for (const peer of this.#peers) void peer.connect();
    const endAtMs = this.#clock.monotonicMs() + aloneAfterMs;
    while (!this.#hasHeardPeers()) {
      if (this.#clock.monotonicMs() >= endAtMs) {
        if (!this.#peers.some((peer) => peer.isUp)) this.#log.warn("registry.alone", { name: this.name });
        break;
      }
      await this.#clock.sleep(lookEveryMs);
      if (this.#expiry === undefined) return;
    }
    this.#synced = true;
    this.#log.info("registry.synced", { instances: this.#table.size, peers: this.peers() });
  }

  /** Sends all listeners to the other peers. */
  drain(): void {
    this.#draining = true;
    this.#hub.endStreams();
  }

  /** Tells the peers what they do not know yet, and stops. */
  async close(): Promise<void> {
    this.#expiry?.cancel();
    this.#expiry = undefined;
    this.#prober.stop();
    this.#hub.close();
    await Promise.all(this.#peers.map((peer) => peer.close()));
    this.#agent.destroy();
  }

  peers(): PeerView[] {
    return this.#peers.map((peer) => peer.state);
  }

  get listeners(): number {
    return this.#hub.size;
  }

  get size(): number {
    return this.#table.size;
  }

  /** Expired leases kept because it may be we who cannot hear. */
  get held(): number {
    return this.#table.held;
  }

  get cursor(): Cursor {
    return this.#table.cursor;
  }

  /** As callers see them. */
  records(app?: string): InstanceRecord[] {
    return this.#table.records(app);
  }

  /**
   * What callers saw at a cursor of this peer, or at a moment (wall ms).
   *
   * @throws PlatformError `HISTORY_GONE` (410) when that is longer ago than what is kept.
   */
  recordsAt(moment: Cursor | number, app?: string): InstanceRecord[] {
    const isForeign = typeof moment === "object" && (moment.peer !== this.name || moment.epoch !== this.cursor.epoch);
    const records = isForeign ? undefined : this.#table.recordsAt(this.#momentOf(moment));
    if (records === undefined) {
      const message = "registry: that moment is not in this peer's history (its latest 8,192 changes since its start)";
      throw new PlatformError("HISTORY_GONE", message, {
        status: 410,
        next: "ask for a later moment, or another peer",
      });
    }
    return app === undefined ? records : records.filter((record) => record.app === app);
  }

  get(app: string, id: string): InstanceRecord | undefined {
    return this.#table.get(app, id);
  }

  /** @throws PlatformError `INSTANCE_OLDER` (409) when a later account of the instance is known. */
  register(record: InstanceRecord): void {
    if (this.#table.register(record, this.#clock.monotonicMs()) === "older") {
      const message = `${record.id}: a later start or a removal of this instance is known`;
      throw new PlatformError("INSTANCE_OLDER", message, { status: 409 });
    }
  }

  /**
   * @throws PlatformError `INSTANCE_UNKNOWN` (404): the instance must register again; `INSTANCE_OLDER` (409): a later
   * start of the same id is registered.
   */
  renewOwn(app: string, id: string, account: RenewRequest): void {
    if (!this.#table.renew(app, id, account, this.#clock.monotonicMs())) throw unknown(id);
    const known = this.#table.lease(app, id)?.record;
    if (known !== undefined && known.incarnation > account.incarnation) {
      const message = `${id}: a process that started later holds this id`;
      throw new PlatformError("INSTANCE_OLDER", message, {
        status: 409,
        next: "stop this process, or give it an id of its own",
      });
    }
    this.#passOn(keyOf(app, id));
  }

  /** Changes the status; waits for all listeners of all peers when asked to. */
  async setStatus(app: string, id: InstanceId, change: StatusChange): Promise<SeenAnswer> {
    const known = this.#table.lease(app, id)?.record;
    if (known === undefined) throw unknown(id);
    const { incarnation, version, status } = change;
    if (this.#table.register({ ...known, incarnation, version, status }, this.#clock.monotonicMs()) === "older") {
      throw unknown(id);
    }
    if (change.awaitSeenMs === 0) return { listeners: 0, seen: 0, complete: true };
    const replica = this.#table.replica(keyOf(app, id), this.#clock.monotonicMs());
    if (replica === undefined) throw unknown(id);
    const boundMs = change.awaitSeenMs + seenMarginMs;
    const ask = (peer: PeerLink): Promise<SeenAnswer> =>
      within(this.#clock, boundMs, peer.url, peer.sendAndAwait(replica, app, change.awaitSeenMs)).catch(() => ({
        listeners: 0,
        seen: 0,
        complete: false,
      }));
    const here = this.#hub.flushAndAwait(this.#table, app, change.awaitSeenMs);
    const answers = await Promise.all([here, ...this.#peers.map(ask)]);
    return sumSeen(answers);
  }

  /** With `incarnation`: every start up to that one, for good. Without: what is known now. */
  remove(id: InstanceId, app: string, cause: string, incarnation: number | undefined, by = "instance"): boolean {
    const account = incarnation === undefined ? undefined : { incarnation, version: Number.MAX_SAFE_INTEGER };
    if (!this.#table.remove(app, id, cause, by, this.#clock.monotonicMs(), account)) return false;
    this.#log.info("registry.removed", { app, instance: id, cause });
    this.#hub.flush(this.#table);
    return true;
  }

  /** Takes a batch from a peer. */
  async replicate(request: ReplicateRequest): Promise<ReplicateAnswer> {
    if (request.clockMs !== undefined && !this.#time.witness(request.clockMs)) {
      const message = `registry ${request.from}: its clock is days ahead of ours; set the clock of one of the two`;
      throw new PlatformError("PEER_CLOCK_ABSURD", message, { status: 409 });
    }
    const nowMs = this.#clock.monotonicMs();
    const better = request.replicas.flatMap((replica) => this.#table.merge(replica, nowMs, request.from) ?? []);
    const missing: [string, InstanceId][] = [];
    for (const [app, id, incarnation, version, ageMs] of request.renewals) {
      const account = { incarnation, version };
      if (!this.#table.mergeRenewal(app, id, account, nowMs, ageMs, request.from)) missing.push([app, id]);
    }
    const { part } = request;
    const replicas = part === undefined ? better : this.#table.replicas(nowMs, part.index, part.count);
    const answer: ReplicateAnswer = { replicas, unknown: missing, ...this.#standing(request) };
    if (request.probe !== undefined) return { ...answer, ...(await this.#look(request.probe)) };
    if (request.awaitSeenMs === 0 || request.awaitApp === undefined) return answer;
    const seen = await this.#hub.flushAndAwait(this.#table, request.awaitApp, request.awaitSeenMs);
    return { ...answer, seen };
  }

  open(response: ServerResponse, filter: ListenerFilter, lastEventId: string | undefined): void {
    const resume = lastEventId === undefined ? undefined : parseCursor(lastEventId);
    this.#hub.open(this.#table, response, filter, this.#clock.monotonicMs() - this.#startedMonotonicMs, resume);
  }

  /** True when such a listener is there. */
  acknowledge(listener: string, cursor: string): boolean {
    const parsed = parseCursor(cursor);
    return parsed !== undefined && this.#hub.acknowledge(listener, parsed.sequence);
  }

  events(filter: EventFilter): RegistryEventsAnswer {
    return this.#events.list(filter);
  }

  /** Why callers see an instance as they do, or do not. */
  why(app: string, id: string): LeaseExplanation {
    const views = this.#prober.views(keyOf(app, id));
    const events = this.#events.list({ app, id, limit: 20 }).events;
    const { name, profile } = this;
    const now = { monotonicMs: this.#clock.monotonicMs(), wallMs: this.#clock.wallMs() };
    return explainLease(this.#table, this.#policy, {
      app,
      id,
      views,
      events,
      name,
      profile,
      now,
      held: this.#overrideView(app, id),
    });
  }

  preservation(): PreservationView {
    return preservationOf(this.#table, this.#policy, this.#clock.monotonicMs());
  }

  summary(): RegistrySummary {
    let up = 0;
    for (const lease of this.#table.leases()) if (lease.shown.status === "UP") up += 1;
    const { peer, epoch, sequence } = this.cursor;
    return {
      name: this.name,
      zone: this.zone,
      region: this.region,
      profile: this.profile,
      synced: this.#synced,
      draining: this.#draining,
      startedAt: new Date(this.startedAtMs).toISOString(),
      cursor: `${peer}:${epoch}:${sequence}`,
      instances: this.size,
      apps: this.#table.appCount,
      up,
      listeners: this.listeners,
      held: this.held,
      overrides: [...this.#table.overrides.list()].length,
      damped: this.#table.damped,
      probe: this.#probeKind,
      preservation: this.preservation(),
      peers: this.peers(),
    };
  }

  overrides(): OverrideView[] {
    return Array.from(this.#table.overrides.list()).flatMap(({ app, id }) => this.#overrideView(app, id) ?? []);
  }

  // What the Eureka face asks for: EurekaStore.

  find(app: string, id: string): Held | undefined {
    const lease = this.#table.lease(app, id);
    return lease === undefined ? undefined : this.#heldOf(lease, lease.shown);
  }

  *list(app?: string): Iterable<Held> {
    for (const lease of this.#table.leases(app)) yield this.#heldOf(lease, lease.shown);
  }

  apps(): readonly string[] {
    return this.#table.apps();
  }

  put(record: Unstamped, by: string): void {
    const stamped: InstanceRecord = { ...record, incarnation: 0, version: this.#time.stamp() };
    this.#table.register(stamped, this.#clock.monotonicMs(), by);
  }

  renew(app: string, id: string): boolean {
    if (!this.#table.renew(app, id, undefined, this.#clock.monotonicMs())) return false;
    this.#passOn(keyOf(app, id));
    return true;
  }

  cancel(app: string, id: string, by: string): boolean {
    const known = this.#table.lease(app, id)?.record;
    if (known === undefined) return false;
    // Stamped as of now, so that no change made before it at another peer outlives it, and any made after it does.
    const { incarnation } = known;
    const account =
      incarnation === 0 ? { incarnation, version: this.#time.stamp() } : { incarnation, version: known.version };
    return this.#table.remove(app, known.id, `cancelled by ${by}`, by, this.#clock.monotonicMs(), account);
  }

  setOverride(app: string, id: string, status: InstanceStatus, by: string, reason: string): boolean {
    return this.#table.setOverride(app, id as InstanceId, status, by, reason, this.#clock.monotonicMs());
  }

  clearOverride(app: string, id: string, by: string, reason = "taken back"): boolean {
    return this.#table.setOverride(app, id as InstanceId, null, by, reason, this.#clock.monotonicMs());
  }

  setOwnStatus(app: string, id: string, status: InstanceStatus, by: string): boolean {
    const known = this.#table.lease(app, id)?.record;
    if (known === undefined) return false;
    const version = known.incarnation === 0 ? this.#time.stamp() : known.version + 1;
    this.#table.register({ ...known, status, version }, this.#clock.monotonicMs(), by);
    return true;
  }

  onChange(watcher: (change: StoreChange) => void): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  #linkTo(url: string, call: ReplicateCall): PeerLink {
    const self = { name: this.name, zone: this.zone };
    return new PeerLink(self, url, this.#clock, this.#time, this.#log, this.#table, call, (up, reason) => {
      this.#events.add(up ? "peer-up" : "peer-down", "", "", url, up ? "answers" : reason);
    });
  }

  /** A peer that knows everything has told us, or all have told us what little they know. */
  #hasHeardPeers(): boolean {
    return this.#peers.some((peer) => peer.isSynced) || this.#peers.every((peer) => peer.isUp);
  }

  #standing(request: ReplicateRequest): Partial<ReplicateAnswer> {
    const agrees =
      request.digest === undefined || !this.#policy.replicates ? {} : { agrees: request.digest === this.#table.digest };
    return { zone: this.zone, clockMs: this.#time.nowMs(), synced: this.#synced, size: this.size, ...agrees };
  }

  async #look(target: { readonly app: string; readonly id: string }): Promise<Partial<ReplicateAnswer>> {
    const record = this.#table.lease(target.app, target.id)?.record;
    return record === undefined || this.#probeKind === "off" ? {} : { probe: await this.#prober.look(record) };
  }

  #changed(change: Change): void {
    this.#hub.add(change, this.#table);
    this.#events.addChange(change);
    if (change.upsert?.incarnation === 0) this.#time.seen(change.upsert.version);
    if (this.#watchers.size === 0) return;
    const { app, id, by, before } = change;
    const lease = this.#table.lease(app, id);
    const held = lease === undefined ? undefined : this.#heldOf(lease, lease.shown);
    const was = before === undefined ? undefined : this.#heldOf(lease, before);
    for (const watcher of this.#watchers) watcher({ app, id, held, before: was, by });
  }

  #tell(replica: Replica): void {
    for (const peer of this.#peers) peer.send(replica);
  }

  #passOn(key: string): void {
    for (const peer of this.#peers) peer.renewed(key);
  }

  #heldOf(lease: Readonly<Lease> | undefined, shown: InstanceRecord): Held {
    const nowMs = this.#clock.monotonicMs();
    const wallMs = this.#clock.wallMs();
    const wallOf = (ms: number | undefined): number => (ms === undefined ? 0 : Math.round(wallMs - (nowMs - ms)));
    const record = lease?.record.version === shown.version ? lease.record : shown;
    return {
      record,
      status: shown.status,
      override: this.#table.overrides.get(keyOf(shown.app, shown.id))?.status ?? undefined,
      action: lease?.isModified === true ? "MODIFIED" : "ADDED",
      registeredAtMs: wallOf(lease?.bornAtMs),
      renewedAtMs: wallOf(lease?.renewedAtMs),
      updatedAtMs: wallOf(lease?.updatedAtMs ?? nowMs),
      upAtMs: wallOf(lease?.upAtMs),
      leaseMs: lease === undefined ? 0 : this.#table.leaseMsOf(lease),
    };
  }

  #overrideView(app: string, id: string): OverrideView | null {
    const override = this.#table.overrides.get(keyOf(app, id));
    return override === undefined ? null : viewOf(override);
  }

  #momentOf(moment: Cursor | number): { sequence: number } | { atMs: number } {
    if (typeof moment === "object") return { sequence: moment.sequence };
    return { atMs: moment + this.#time.nowMs() - this.#clock.wallMs() };
  }

  #expire(): void {
    const down = this.#peers.filter((peer) => !peer.isUp).length;
    const anyPeers = this.#peers.length > 0;
    const reach: PeerReach = { anyDown: down > 0, allDown: anyPeers && down === this.#peers.length, anyPeers };
    const probedAs = this.#probeKind === "off" ? undefined : (key: string) => this.#prober.probedAs(key);
    const before = this.#table.size;
    this.#table.expire(this.#clock.monotonicMs(), reach, probedAs);
    if (this.#table.size < before) this.#log.warn("registry.evicted", { instances: before - this.#table.size });
  }
}

function viewOf(override: Override): OverrideView {
  const { app, id, status, by, reason, stamp } = override;
  return { app, id, status: status ?? "UNKNOWN", by, reason, at: new Date(stamp / 1_000).toISOString() };
}

function unknown(id: InstanceId | string): PlatformError {
  return new PlatformError("INSTANCE_UNKNOWN", `${id}: is not registered here; register it again`, { status: 404 });
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
