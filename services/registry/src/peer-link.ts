import { backoffMs, type Clock, type Log, messageOf, PlatformError, type Timer } from "@holdfast/kernel";
import type { PeerView, ProbeView, SeenAnswer } from "@holdfast/wire";
import type { ClusterClock } from "./cluster-clock.ts";
import { keyOf, type Replica } from "./lease.ts";
import type { LeaseTable } from "./lease-table.ts";
import type { Vantage } from "./prober.ts";
import type { Renewal, ReplicateAnswer, ReplicateCall, ReplicateRequest } from "./replicate-call.ts";

/** Changes that come together go out together. */
const batchMs = 20;
/** Renewals carry their age, so that sending them late costs nothing. Also the ping by which a dead peer shows. */
const renewEveryMs = 2_000;
const callMaxMs = 1_500;
/** More waiting changes than this and a full exchange is cheaper. */
const queueMax = 10_000;
/** So many go into one call: parsing and checking them takes about 3 ms. */
const replicasPerCall = 300;
const renewalsPerCall = 1_000;
/** After so many pings in a row of a peer whose digest differs though nothing is under way, everything is compared. */
const disagreementsMax = 5;

/** Who we are, in what we say to peers. */
export interface LinkIdentity {
  readonly name: string;
  readonly zone: string;
}

/** The link to one other registry: batches changes, exchanges everything when it comes up, never holds others up. */
export class PeerLink implements Vantage {
  readonly url: string;
  readonly #self: LinkIdentity;
  readonly #clock: Clock;
  readonly #time: ClusterClock;
  readonly #log: Log;
  readonly #table: LeaseTable;
  readonly #call: ReplicateCall;
  readonly #onTurn: (up: boolean, reason: string) => void;
  readonly #renewed = new Set<string>();
  #queue: Replica[] = [];
  #state: PeerView["state"] = "connecting";
  #reason = "not tried yet";
  #sinceMs: number;
  #roundTripMs = 0;
  #failures = 0;
  #disagreements = 0;
  #comparedAfter = disagreementsMax;
  #batch: Timer | undefined;
  #renewals: Timer | undefined;
  #retry: Timer | undefined;
  #exchanging = false;
  #posting = false;
  #stopped = false;
  #zone: string | undefined;
  #synced = false;

  /** `url` names the peer, `call` reaches it; `onTurn` hears when the link comes up or goes down. */
  constructor(
    self: LinkIdentity,
    url: string,
    clock: Clock,
    time: ClusterClock,
    log: Log,
    table: LeaseTable,
    call: ReplicateCall,
    onTurn: (up: boolean, reason: string) => void = () => {},
  ) {
    this.#self = self;
    this.url = url;
    this.#clock = clock;
    this.#time = time;
    this.#log = log;
    this.#table = table;
    this.#call = call;
    this.#onTurn = onTurn;
    this.#sinceMs = clock.wallMs();
  }

  get state(): PeerView {
    return {
      url: this.url,
      state: this.#state,
      reason: this.#reason,
      sinceMs: this.#sinceMs,
      queued: this.#queue.length,
      roundTripMs: Math.round(this.#roundTripMs * 10) / 10,
    };
  }

  get isUp(): boolean {
    return this.#state === "up";
  }

  /** The peer's own zone, once it has said so. */
  get zone(): string | undefined {
    return this.#zone;
  }

  /** The peer itself knows what its peers know. */
  get isSynced(): boolean {
    return this.isUp && this.#synced;
  }

  /** Exchanges everything with the peer now, and again until that works; resolves after the first try. */
  async connect(): Promise<void> {
    if (this.#stopped || this.#exchanging) return;
    this.#exchanging = true;
    // What happens from here on may not be in the parts that are sent: it waits in the queue.
    this.#queue = [];
    try {
      await this.#exchange();
      this.#exchanging = false;
      this.#failures = 0;
      // Leases were renewed here while the peer could not hear it.
      for (const lease of this.#table.leases()) if (lease.via === undefined) this.#renewed.add(lease.key);
      this.#turn("up", "");
      this.#renewals ??= this.#clock.every(renewEveryMs, () => this.#ping());
      this.#schedule();
    } catch (error) {
      this.#exchanging = false;
      this.#fail(error);
    }
  }

  send(replica: Replica): void {
    if (this.#stopped || (!this.isUp && !this.#exchanging)) return;
    this.#queue.push(replica);
    if (!this.isUp) return;
    if (this.#queue.length > queueMax) return this.#fail(new Error("its queue is full"));
    this.#schedule();
  }

  /** Sends now and answers when the peer's listeners have seen it; with the peer down nobody there can. */
  async sendAndAwait(replica: Replica, app: string, awaitSeenMs: number): Promise<SeenAnswer> {
    if (!this.isUp) return { listeners: 0, seen: 0, complete: true };
    try {
      // The replica itself too: it may be under way in a batch that this call overtakes.
      const body = this.#body([...this.#queue.splice(0), replica], [], { awaitSeenMs, awaitApp: app });
      const answer = await this.#call(body, awaitSeenMs + callMaxMs);
      this.#learn(answer);
      return answer.seen ?? { listeners: 0, seen: 0, complete: true };
    } catch (error) {
      this.#fail(error);
      return { listeners: 0, seen: 0, complete: false };
    }
  }

  async probe(app: string, id: string): Promise<ProbeView | undefined> {
    try {
      const answer = await this.#call(this.#body([], [], { probe: { app, id } }), callMaxMs);
      return answer.probe;
    } catch {
      // Not to know is an answer; the ping finds out whether the link is dead.
      return undefined;
    }
  }

  /** An instance has renewed its lease here: the peer hears of it with the next batch. */
  renewed(key: string): void {
    this.#renewed.add(key);
  }

  /** Sends what waits, bounded by the call's own time, and stops. */
  async close(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    for (const timer of [this.#batch, this.#renewals, this.#retry]) timer?.cancel();
    const replicas = this.#queue.splice(0);
    if (!this.isUp || replicas.length === 0) return;
    await this.#call(this.#body(replicas, []), 500).catch(() => {});
  }

  /** First who is there and how much; then everything, part by part, so that no call is long. */
  async #exchange(): Promise<void> {
    const hello = await this.#timed(this.#call(this.#body([], []), callMaxMs));
    this.#learn(hello);
    const count = Math.max(1, Math.ceil(Math.max(hello.size ?? 0, this.#table.size) / replicasPerCall));
    for (let index = 0; index < count && !this.#stopped; index++) {
      const replicas = this.#table.replicas(this.#clock.monotonicMs(), index, count);
      const answer = await this.#call(this.#body(replicas, [], { part: { index, count } }), callMaxMs);
      this.#learn(answer);
    }
  }

  #body(
    replicas: readonly Replica[],
    renewals: readonly Renewal[],
    more: Partial<ReplicateRequest> = {},
  ): ReplicateRequest {
    const { name: from, zone } = this.#self;
    return { from, zone, clockMs: this.#time.nowMs(), replicas, renewals, awaitSeenMs: 0, ...more };
  }

  #schedule(): void {
    if (this.#queue.length === 0 || this.#stopped) return;
    this.#batch ??= this.#clock.after(batchMs, () => {
      this.#batch = undefined;
      void this.#drain();
    });
  }

  /** One call after another: a peer that is slow gets longer batches, not more calls. */
  async #drain(): Promise<void> {
    if (this.#posting) return;
    this.#posting = true;
    while (this.isUp && this.#queue.length > 0 && !this.#stopped) {
      await this.#post(this.#queue.splice(0, replicasPerCall), []);
    }
    this.#posting = false;
  }

  #ping(): void {
    if (!this.isUp) return;
    const nowMs = this.#clock.monotonicMs();
    const renewals: Renewal[] = [];
    for (const key of this.#renewed) {
      const replica = this.#table.replica(key, nowMs);
      if (replica === undefined) continue;
      const { app, id, incarnation, version } = replica.record;
      renewals.push([app, id, incarnation, version, Math.round(replica.ageMs)]);
    }
    this.#renewed.clear();
    for (let i = 0; i === 0 || i < renewals.length; i += renewalsPerCall) {
      void this.#post([], renewals.slice(i, i + renewalsPerCall));
    }
  }

  async #post(replicas: readonly Replica[], renewals: readonly Renewal[]): Promise<void> {
    const isQuiet = replicas.length === 0 && this.#queue.length === 0;
    const body = this.#body(replicas, renewals, isQuiet ? { digest: this.#table.digest } : {});
    try {
      const answer = await this.#timed(this.#call(body, callMaxMs));
      this.#learn(answer);
      if (answer.agrees !== undefined) this.#compare(answer.agrees);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Whatever was lost, however: peers that go on differing compare everything, less and less often while that does not help. */
  #compare(agrees: boolean): void {
    this.#disagreements = agrees ? 0 : this.#disagreements + 1;
    if (agrees) this.#comparedAfter = disagreementsMax;
    if (this.#disagreements < this.#comparedAfter) return;
    this.#disagreements = 0;
    this.#comparedAfter = Math.min(this.#comparedAfter * 2, 60);
    this.#log.info("registry.peer.compared", { peer: this.url });
    this.#exchange().catch((error: unknown) => this.#fail(error));
  }

  #learn(answer: ReplicateAnswer): void {
    if (this.#stopped) return;
    if (answer.clockMs !== undefined && !this.#time.witness(answer.clockMs)) {
      const message = `registry ${this.url}: its clock is days ahead of ours; set the clock of one of the two`;
      throw new PlatformError("PEER_CLOCK_ABSURD", message, { status: 502 });
    }
    if (answer.zone !== undefined) this.#zone = answer.zone;
    if (answer.synced !== undefined) this.#synced = answer.synced;
    const nowMs = this.#clock.monotonicMs();
    for (const replica of answer.replicas) this.#table.merge(replica, nowMs, this.url);
    for (const [app, id] of answer.unknown) {
      const replica = this.#table.replica(keyOf(app, id), nowMs);
      if (replica !== undefined) this.send(replica);
    }
  }

  async #timed(call: Promise<ReplicateAnswer>): Promise<ReplicateAnswer> {
    const startMs = this.#clock.monotonicMs();
    const answer = await call;
    this.#roundTripMs = this.#clock.monotonicMs() - startMs;
    return answer;
  }

  #fail(error: unknown): void {
    if (this.#stopped) return;
    this.#turn("down", messageOf(error));
    // A full exchange follows; it says all that the queue would.
    if (!this.#exchanging) this.#queue = [];
    if (this.#retry !== undefined) return;
    this.#failures += 1;
    const delayMs = backoffMs(this.#failures, { initialMs: 100, maxMs: 1_000, factor: 2 });
    this.#retry = this.#clock.after(delayMs, () => {
      this.#retry = undefined;
      void this.connect();
    });
  }

  #turn(state: "up" | "down", reason: string): void {
    if (this.#state !== state) {
      this.#sinceMs = this.#clock.wallMs();
      if (state === "up") this.#log.info("registry.peer.up", { peer: this.url });
      else this.#log.warn("registry.peer.down", { peer: this.url, reason });
      this.#onTurn(state === "up", reason);
    }
    this.#state = state;
    this.#reason = reason;
  }
}
