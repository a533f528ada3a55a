import { backoffMs, type Clock, type InstanceId, type Log, messageOf, type Timer } from "@holdfast/kernel";
import type { SeenAnswer } from "@holdfast/wire";
import type { LeaseTable, Replica } from "./lease-table.ts";
import type { Renewal, ReplicateAnswer, ReplicateCall } from "./replicate-call.ts";

export interface PeerState {
  readonly url: string;
  readonly state: "up" | "down" | "connecting";
  /** Why it is not up; empty when it is. */
  readonly reason: string;
  /** Wall ms of the last change of `state`. */
  readonly sinceMs: number;
  /** Changes not yet sent. */
  readonly queued: number;
  /** Time the last exchange took, there and back, in ms. */
  readonly roundTripMs: number;
}

/** Changes that come together go out together. */
const batchMs = 20;
/** Renewals carry their age, so that sending them late costs nothing. Also the ping by which a dead peer shows. */
const renewEveryMs = 2_000;
const callMaxMs = 1_500;
/** More waiting changes than this and a full exchange is cheaper. */
const queueMax = 10_000;

/** The link to one other registry: batches changes, exchanges everything when it comes up, never holds others up. */
export class PeerLink {
  readonly url: string;
  readonly #name: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #table: LeaseTable;
  readonly #call: ReplicateCall;
  readonly #renewed = new Set<InstanceId>();
  #queue: Replica[] = [];
  #state: PeerState["state"] = "connecting";
  #reason = "not tried yet";
  #sinceMs: number;
  #roundTripMs = 0;
  #failures = 0;
  #batch: Timer | undefined;
  #renewals: Timer | undefined;
  #retry: Timer | undefined;
  #exchanging = false;
  #stopped = false;

  /** `name` is our own, `url` names the peer, and `call` reaches it. */
  constructor(name: string, url: string, clock: Clock, log: Log, table: LeaseTable, call: ReplicateCall) {
    this.#name = name;
    this.url = url;
    this.#clock = clock;
    this.#log = log;
    this.#table = table;
    this.#call = call;
    this.#sinceMs = clock.wallMs();
  }

  get state(): PeerState {
    const { url } = this;
    const roundTripMs = Math.round(this.#roundTripMs * 10) / 10;
    return {
      url,
      state: this.#state,
      reason: this.#reason,
      sinceMs: this.#sinceMs,
      queued: this.#queue.length,
      roundTripMs,
    };
  }

  get isUp(): boolean {
    return this.#state === "up";
  }

  /** Exchanges everything with the peer now, and again until that works; resolves after the first try. */
  async connect(): Promise<void> {
    if (this.#stopped || this.#exchanging) return;
    this.#exchanging = true;
    // What happens from here on is not in `replicas`: it waits in the queue.
    this.#queue = [];
    const nowMs = this.#clock.monotonicMs();
    const body = { from: this.#name, full: true, replicas: this.#table.replicas(nowMs), renewals: [], awaitSeenMs: 0 };
    try {
      this.#learn(await this.#timed(this.#call(body, callMaxMs)));
      this.#exchanging = false;
      this.#failures = 0;
      this.#turn("up", "");
      this.#renewals ??= this.#clock.every(renewEveryMs, () => this.#sendRenewals());
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
    if (!this.isUp) {
      this.send(replica);
      return { listeners: 0, seen: 0, complete: true };
    }
    const replicas = [...this.#takeQueue(), replica];
    try {
      const body = { from: this.#name, full: false, replicas, renewals: [], awaitSeenMs, awaitApp: app };
      const answer = await this.#call(body, awaitSeenMs + callMaxMs);
      this.#learn(answer);
      return answer.seen ?? { listeners: 0, seen: 0, complete: true };
    } catch (error) {
      this.#fail(error);
      return { listeners: 0, seen: 0, complete: false };
    }
  }

  /** An instance has renewed its lease here: the peer hears of it with the next batch. */
  renewed(id: InstanceId): void {
    this.#renewed.add(id);
  }

  /** Sends what waits, bounded by the call's own time, and stops. */
  async close(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    for (const timer of [this.#batch, this.#renewals, this.#retry]) timer?.cancel();
    const replicas = this.#takeQueue();
    if (!this.isUp || replicas.length === 0) return;
    await this.#call({ from: this.#name, full: false, replicas, renewals: [], awaitSeenMs: 0 }, 500).catch(() => {});
  }

  #takeQueue(): Replica[] {
    const replicas = this.#queue;
    this.#queue = [];
    return replicas;
  }

  #schedule(): void {
    if (this.#queue.length === 0 || this.#stopped) return;
    this.#batch ??= this.#clock.after(batchMs, () => {
      this.#batch = undefined;
      if (this.isUp && this.#queue.length > 0) void this.#post(this.#takeQueue(), []);
    });
  }

  #sendRenewals(): void {
    if (!this.isUp) return;
    const nowMs = this.#clock.monotonicMs();
    const renewals = Array.from(this.#renewed).flatMap((id): Renewal[] => {
      const replica = this.#table.replica(id, nowMs);
      if (replica === undefined) return [];
      return [[id, replica.record.incarnation, replica.record.version, Math.round(replica.ageMs)]];
    });
    this.#renewed.clear();
    void this.#post([], renewals);
  }

  async #post(replicas: readonly Replica[], renewals: readonly Renewal[]): Promise<void> {
    const body = { from: this.#name, full: false, replicas, renewals, awaitSeenMs: 0 };
    try {
      this.#learn(await this.#timed(this.#call(body, callMaxMs)));
    } catch (error) {
      this.#fail(error);
    }
  }

  #learn(answer: ReplicateAnswer): void {
    if (this.#stopped) return;
    const nowMs = this.#clock.monotonicMs();
    for (const replica of answer.replicas) this.#table.merge(replica, nowMs, this.url);
    for (const id of answer.unknown) {
      const replica = this.#table.replica(id, nowMs);
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

  #turn(state: PeerState["state"], reason: string): void {
    if (this.#state !== state) {
      this.#sinceMs = this.#clock.wallMs();
      if (state === "up") this.#log.info("registry.peer.up", { peer: this.url });
      else this.#log.warn("registry.peer.down", { peer: this.url, reason });
    }
    this.#state = state;
    this.#reason = reason;
  }
}
