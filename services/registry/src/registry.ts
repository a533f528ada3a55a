import type { ServerResponse } from "node:http";
import { Agent } from "node:http";
import {
  type Clock,
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
  parseCursor,
  type RegistrySettings,
  type RenewRequest,
  type SeenAnswer,
  type StatusChange,
} from "@holdfast/wire";
import { type LeaseOptions, LeaseTable, leaseDefaults, type Replica } from "./lease-table.ts";
import { ListenerHub } from "./listener-hub.ts";
import { PeerLink, type PeerState } from "./peer-link.ts";
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

/** One peer of the registry: the lease table with its listeners, peers and clock. Knows nothing of HTTP requests. */
export class Registry {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #settings: RegistrySettings;
  readonly #table: LeaseTable;
  readonly #hub: ListenerHub;
  readonly #peers: readonly PeerLink[];
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8, timeout: 30_000 });
  #expiry: Timer | undefined;
  #synced = false;
  #draining = false;

  /** `reach` makes the call to the peer at a URL. Default: over HTTP. */
  constructor(
    clock: Clock,
    random: Random,
    log: Log,
    settings: RegistrySettings,
    leases: LeaseOptions = leaseDefaults,
    reach?: (url: string) => ReplicateCall,
  ) {
    this.#clock = clock;
    this.#log = log;
    this.#settings = settings;
    this.#hub = new ListenerHub(clock, random);
    this.#table = new LeaseTable(settings.name, clock.wallMs(), (change) => this.#hub.add(change, this.#table), leases);
    const call = reach ?? ((url: string) => httpReplicateCall(clock, this.#agent, url));
    this.#peers = settings.peers.map((url) => new PeerLink(settings.name, url, clock, log, this.#table, call(url)));
  }

  /** True once a peer has told all it knows, or none answered for two seconds. Before that, nobody is to believe our view. */
  get synced(): boolean {
    return this.#synced;
  }

  /** True when listeners are to go to another peer. */
  get draining(): boolean {
    return this.#draining;
  }

  /** Starts leases and peer links; resolves when {@link synced}. */
  async start(): Promise<void> {
    this.#expiry = this.#clock.every(expireEveryMs, () => this.#expire());
    const firstTries = Promise.all(this.#peers.map((peer) => peer.connect()));
    const endAtMs = this.#clock.monotonicMs() + aloneAfterMs;
    await firstTries;
    // Peers that start in the same moment refuse each other at first; their links try again by themselves.
    while (this.#peers.length > 0 && !this.#peers.some((peer) => peer.isUp)) {
      if (this.#expiry === undefined) return;
      if (this.#clock.monotonicMs() >= endAtMs) {
        this.#log.warn("registry.alone", { name: this.#settings.name });
        break;
      }
      await this.#clock.sleep(lookEveryMs);
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
    this.#hub.close();
    await Promise.all(this.#peers.map((peer) => peer.close()));
    this.#agent.destroy();
  }

  peers(): PeerState[] {
    return this.#peers.map((peer) => peer.state);
  }

  get listeners(): number {
    return this.#hub.size;
  }

  get size(): number {
    return this.#table.size;
  }

  /** Expired leases kept because peers cannot be heard. */
  get held(): number {
    return this.#table.held;
  }

  get cursor(): Cursor {
    return this.#table.cursor;
  }

  records(app?: string): InstanceRecord[] {
    const all = this.#table.records();
    return app === undefined ? all : all.filter((record) => record.app === app);
  }

  get(id: InstanceId): InstanceRecord | undefined {
    return this.#table.get(id);
  }

  /** @throws PlatformError `INSTANCE_OLDER` (409) when a later account of the instance is known. */
  register(record: InstanceRecord): void {
    if (this.#table.register(record, this.#clock.monotonicMs()) === "older") {
      const message = `${record.id}: a later start or a removal of this instance is known`;
      throw new PlatformError("INSTANCE_OLDER", message, { status: 409 });
    }
    this.#replicate({ kind: "record", record, ageMs: 0 });
  }

  /** @throws PlatformError `INSTANCE_UNKNOWN` (404): the instance must register again. */
  renew(id: InstanceId, account: RenewRequest): void {
    if (!this.#table.renew(id, account, this.#clock.monotonicMs())) throw unknown(id);
    for (const peer of this.#peers) peer.renewed(id);
  }

  /** Changes the status; waits for all listeners of all peers when asked to. */
  async setStatus(id: InstanceId, change: StatusChange): Promise<SeenAnswer> {
    const record = this.#table.setStatus(id, change.status, change, this.#clock.monotonicMs());
    if (record === undefined) throw unknown(id);
    const replica: Replica = { kind: "record", record, ageMs: 0 };
    if (change.awaitSeenMs === 0) {
      this.#replicate(replica);
      return { listeners: 0, seen: 0, complete: true };
    }
    const boundMs = change.awaitSeenMs + seenMarginMs;
    const ask = (peer: PeerLink): Promise<SeenAnswer> =>
      within(this.#clock, boundMs, peer.url, peer.sendAndAwait(replica, record.app, change.awaitSeenMs)).catch(() => ({
        listeners: 0,
        seen: 0,
        complete: false,
      }));
    const here = this.#hub.flushAndAwait(this.#table, record.app, change.awaitSeenMs);
    const answers = await Promise.all([here, ...this.#peers.map(ask)]);
    return sumSeen(answers);
  }

  remove(id: InstanceId, app: string, cause: string, incarnation: number | undefined): void {
    const account = incarnation === undefined ? undefined : { incarnation, version: Number.MAX_SAFE_INTEGER };
    const removal = this.#table.remove(id, app, cause, this.#clock.monotonicMs(), account);
    if (removal === undefined) return;
    this.#log.info("registry.removed", { app, instance: id, cause });
    this.#hub.flush(this.#table);
    this.#replicate(removal);
  }

  /** Takes a batch from a peer. */
  async replicate(request: ReplicateRequest): Promise<ReplicateAnswer> {
    const nowMs = this.#clock.monotonicMs();
    const better = request.replicas.flatMap((replica) => this.#table.merge(replica, nowMs, request.from) ?? []);
    const unknown: InstanceId[] = [];
    for (const [id, incarnation, version, ageMs] of request.renewals) {
      if (!this.#table.renew(id, { incarnation, version }, nowMs, ageMs, request.from)) unknown.push(id);
    }
    const replicas = request.full ? this.#table.replicas(nowMs) : better;
    if (request.awaitSeenMs === 0 || request.awaitApp === undefined) return { replicas, unknown };
    const seen = await this.#hub.flushAndAwait(this.#table, request.awaitApp, request.awaitSeenMs);
    return { replicas, unknown, seen };
  }

  open(response: ServerResponse, apps: ReadonlySet<string> | undefined, lastEventId: string | undefined): void {
    const resume = lastEventId === undefined ? undefined : parseCursor(lastEventId);
    this.#hub.open(this.#table, response, apps, resume);
  }

  /** True when such a listener is there. */
  acknowledge(listener: string, cursor: string): boolean {
    const parsed = parseCursor(cursor);
    return parsed !== undefined && this.#hub.acknowledge(listener, parsed.sequence);
  }

  #replicate(replica: Replica): void {
    for (const peer of this.#peers) peer.send(replica);
  }

  #expire(): void {
    const down = this.#peers.filter((peer) => !peer.isUp).length;
    const reach = { anyDown: down > 0, allDown: down > 0 && down === this.#peers.length };
    for (const removal of this.#table.expire(this.#clock.monotonicMs(), reach)) {
      this.#log.warn("registry.evicted", { app: removal.app, instance: removal.id, cause: removal.cause });
      this.#replicate(removal);
    }
  }
}

function unknown(id: InstanceId): PlatformError {
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
