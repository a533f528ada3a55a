import { backoffMs, type Clock, type Log, messageOf, PlatformError, type Timer } from "@holdfast/kernel";
import type { PeerView, ProbeView, SeenAnswer } from "@holdfast/wire";
import type { ClusterClock } from "./cluster-clock.ts";
import type { Intake } from "./intake.ts";
import { keyOf, type Replica } from "./lease.ts";
import type { LeaseTable } from "./lease-table.ts";
import { bytesPerCall, PeerOutbox, replicasPerCall } from "./peer-outbox.ts";
import type { Vantage } from "./prober.ts";
import type { RegistryMeters } from "./registry-meters.ts";
import type { Renewal, ReplicateAnswer, ReplicateCall, ReplicateRequest } from "./replicate-call.ts";

/** Changes that come together go out together. */
const batchMs = 20;
/** Renewals carry their age, so that sending them late costs nothing. Also the ping by which a dead peer shows. */
const renewEveryMs = 2_000;
const callMaxMs = 1_500;
/** What is left to say at the end is said in so long, or not. */
const lastWordsMs = 500;
/** After so many pings in a row of a peer whose digest differs though nothing is under way, everything is compared. */
const disagreementsMax = 5;
/** … and while that does not help, not more often than each so many pings. */
const comparedAfterMax = 60;

/** Who we are, in what we say to peers. */
export interface LinkIdentity {
  readonly name: string;
  readonly zone: string;
}

/** What a link works with. */
export interface LinkEnds {
  readonly time: ClusterClock;
  /** Takes what the peer knows. */
  readonly intake: Intake;
  /** Reaches the peer. */
  readonly call: ReplicateCall;
  readonly meters: RegistryMeters;
}

/** The link to one other registry: batches changes, exchanges everything when it comes up, never holds others up. */
export class PeerLink implements Vantage {
  readonly url: string;
  readonly #self: LinkIdentity;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #table: LeaseTable;
  readonly #ends: LinkEnds;
  readonly #onTurn: (up: boolean, reason: string) => void;
  readonly #outbox = new PeerOutbox();
  #state: PeerView["state"] = "connecting";
  #reason = "not tried yet";
  #sinceMs: number;
  #roundTripMs = 0;
  #failures = 0;
  #disagreements = 0;
  #comparedAfter = disagreementsMax;
  #batch: Timer | undefined;
  #pings: Timer | undefined;
  #retry: Timer | undefined;
  /** Everything is being exchanged, … */
  #exchanging = false;
  /** … and is to be once more. */
  #again = false;
  #posting = false;
  #pinging = false;
  #stopped = false;
  #name: string | undefined;
  #zone: string | undefined;
  #synced = false;

  /** `onTurn` hears when the link comes up or goes down. */
  constructor(
    self: LinkIdentity,
    url: string,
    clock: Clock,
    log: Log,
    table: LeaseTable,
    ends: LinkEnds,
    onTurn: (up: boolean, reason: string) => void = () => {},
  ) {
    this.#self = self;
    this.url = url;
    this.#clock = clock;
    this.#log = log;
    this.#table = table;
    this.#ends = ends;
    this.#onTurn = onTurn;
    this.#sinceMs = clock.wallMs();
  }

  get state(): PeerView {
    return {
      url: this.url,
      state: this.#state,
      reason: this.#reason,
      sinceMs: this.#sinceMs,
      queued: this.#outbox.size,
      roundTripMs: Math.round(this.#roundTripMs * 10) / 10,
    };
  }

  /** Changes that wait for the peer. */
  get queued(): number {
    return this.#outbox.size;
  }

  get isUp(): boolean {
    return this.#state === "up";
  }

  /** Nothing is on its way to the peer. */
  get isQuiet(): boolean {
    return this.#outbox.size === 0 && !this.#posting && !this.#exchanging;
  }

  /** The peer's own name, once it has said so. */
  get name(): string | undefined {
    return this.#name;
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
    // What happens from here on may not be in the parts that are sent: it waits in the outbox.
    this.#outbox.clear();
    if (!(await this.#exchangeAll())) return;
    this.#failures = 0;
    // Leases were renewed here while the peer could not hear it.
    for (const lease of this.#table.leases()) if (lease.via === undefined) this.#outbox.renewed(lease.key);
    this.#turn("up", "");
    this.#pings ??= this.#clock.every(renewEveryMs, () => void this.#ping());
    this.#schedule();
  }

  /** Everything is to be exchanged anew: what was said so far was not said well. */
  resync(): void {
    this.#again = true;
    if (!this.isUp || this.#stopped || this.#exchanging) return;
    this.#outbox.clear();
    void this.#compareAll();
  }

  send(replica: Replica): void {
    if (this.#stopped || (!this.isUp && !this.#exchanging)) return;
    this.#outbox.push(replica);
    if (!this.isUp) return;
    if (this.#outbox.isFull) return this.#fail(new Error("its queue is full"));
    this.#schedule();
  }

  /** Sends now and answers when the peer's listeners have seen it; with the peer down nobody there can. */
  async sendAndAwait(replica: Replica, app: string, awaitSeenMs: number): Promise<SeenAnswer> {
    if (!this.isUp) return { listeners: 0, seen: 0, complete: true };
    try {
      // It may wait in the outbox or be under way in a batch, too: to say it twice does no harm.
      const body = this.#body([replica], [], { awaitSeenMs, awaitApp: app });
      const answer = await this.#ends.call(body, awaitSeenMs + callMaxMs);
      this.#learn(answer);
      return answer.seen ?? { listeners: 0, seen: 0, complete: true };
    } catch (error) {
      this.#fail(error);
      return { listeners: 0, seen: 0, complete: false };
    }
  }

  async probe(app: string, id: string): Promise<ProbeView | undefined> {
    try {
      const answer = await this.#ends.call(this.#body([], [], { probe: { app, id } }), callMaxMs);
      return answer.probe;
    } catch {
      // Not to know is an answer; the ping finds out whether the link is dead.
      return undefined;
    }
  }

  /** An instance has renewed its lease here: the peer hears of it with the next batch. */
  renewed(key: string): void {
    this.#outbox.renewed(key);
  }

  /** Sends what waits, bounded, and stops. */
  async close(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    for (const timer of [this.#batch, this.#pings, this.#retry]) timer?.cancel();
    const endMs = this.#clock.monotonicMs() + lastWordsMs;
    while (this.isUp && this.#outbox.size > 0) {
      const leftMs = endMs - this.#clock.monotonicMs();
      if (leftMs <= 0) return;
      try {
        await this.#ends.call(this.#body(this.#outbox.takeChanges(), []), leftMs);
      } catch {
        return;
      }
    }
  }

  /** True when all went well. */
  async #exchangeAll(): Promise<boolean> {
    this.#exchanging = true;
    try {
      do {
        this.#again = false;
        await this.#exchange();
      } while (this.#again && !this.#stopped);
      this.#exchanging = false;
      return !this.#stopped;
    } catch (error) {
      this.#exchanging = false;
      this.#fail(error);
      return false;
    }
  }

  /** First who is there and how much; then everything, part by part, so that no call is long. */
  async #exchange(): Promise<void> {
    const hello = await this.#timed(this.#ends.call(this.#body([], []), callMaxMs));
    this.#learn(hello);
    const { replicas, bytes } = this.#table.weight;
    const calls = Math.max(hello.size ?? 0, replicas) / replicasPerCall;
    const count = Math.max(1, Math.ceil(Math.max(calls, Math.max(hello.bytes ?? 0, bytes) / bytesPerCall)));
    for (let index = 0; index < count && !this.#stopped; index++) {
      const part = this.#table.replicas(this.#clock.monotonicMs(), index, count);
      const answer = await this.#ends.call(this.#body(part, [], { part: { index, count } }), callMaxMs);
      this.#learn(answer);
    }
  }

  #body(
    replicas: readonly Replica[],
    renewals: readonly Renewal[],
    more: Partial<ReplicateRequest> = {},
  ): ReplicateRequest {
    const { name: from, zone } = this.#self;
    return { from, zone, clockMs: this.#ends.time.nowMs(), replicas, renewals, awaitSeenMs: 0, ...more };
  }

  #schedule(): void {
    if (this.#outbox.size === 0 || this.#stopped) return;
    this.#batch ??= this.#clock.after(batchMs, () => {
      this.#batch = undefined;
      void this.#drain();
    });
  }

  /** One call after another: a peer that is slow gets longer batches, not more calls. */
  async #drain(): Promise<void> {
    if (this.#posting) return;
    this.#posting = true;
    while (this.isUp && this.#outbox.size > 0 && !this.#stopped) await this.#post(this.#outbox.takeChanges(), []);
    this.#posting = false;
  }

  async #ping(): Promise<void> {
    if (!this.isUp || this.#pinging) return;
    this.#pinging = true;
    let isFirst = true;
    while (this.isUp && !this.#stopped && (isFirst || this.#outbox.hasRenewals)) {
      const renewals = this.#outbox.takeRenewals(this.#table, this.#clock.monotonicMs());
      await this.#post([], renewals, isFirst && this.isQuiet ? { digest: this.#table.digest } : {});
      isFirst = false;
    }
    this.#pinging = false;
  }

  async #post(
    replicas: readonly Replica[],
    renewals: readonly Renewal[],
    more: Partial<ReplicateRequest> = {},
  ): Promise<void> {
    try {
      const answer = await this.#timed(this.#ends.call(this.#body(replicas, renewals, more), callMaxMs));
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
    this.#comparedAfter = Math.min(this.#comparedAfter * 2, comparedAfterMax);
    this.#log.info("registry.peer.compared", { peer: this.url });
    void this.#compareAll();
  }

  /** As when the link comes up, but it is up: changes go on being sent meanwhile. */
  async #compareAll(): Promise<void> {
    if (this.#exchanging || this.#stopped) return;
    await this.#exchangeAll();
    // A ping may have failed while this worked.
    if (!this.isUp && this.#retry === undefined) await this.connect();
  }

  #learn(answer: ReplicateAnswer): void {
    if (this.#stopped) return;
    if (answer.name !== undefined) this.#name = answer.name;
    const name = this.#name ?? this.url;
    if (answer.clockMs !== undefined && !this.#ends.time.witness(answer.clockMs, name)) {
      const message = `registry ${this.url}: its clock is days ahead of ours; set the clock of one of the two`;
      throw new PlatformError("PEER_CLOCK_ABSURD", message, { status: 502 });
    }
    if (answer.zone !== undefined) this.#zone = answer.zone;
    if (answer.synced !== undefined) this.#synced = answer.synced;
    this.#ends.intake.take(answer, name);
    const nowMs = this.#clock.monotonicMs();
    for (const [app, id] of answer.unknown) {
      const replica = this.#table.replica(keyOf(app, id), nowMs);
      if (replica !== undefined) this.send(replica);
    }
  }

  async #timed(call: Promise<ReplicateAnswer>): Promise<ReplicateAnswer> {
    const startMs = this.#clock.monotonicMs();
    const answer = await call;
    this.#roundTripMs = this.#clock.monotonicMs() - startMs;
    this.#ends.meters.roundTrips.record(this.#roundTripMs);
    return answer;
  }

  #fail(error: unknown): void {
    if (this.#stopped) return;
    this.#ends.meters.failedCalls.increment();
    this.#turn("down", messageOf(error));
    // A full exchange follows; it says all that the outbox would.
    if (!this.#exchanging) this.#outbox.clear();
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
