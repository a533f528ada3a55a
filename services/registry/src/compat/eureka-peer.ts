import { type Clock, type Log, messageOf, type Timer } from "@holdfast/kernel";
import {
  decodeReplicationAnswers,
  type EurekaReplication,
  type EurekaReplicationAnswer,
  encodeReplicationList,
} from "@holdfast/wire/eureka";
import { type EurekaCall, type EurekaCallResult, eurekaUrl } from "./eureka-call.ts";
import { ReplicationQueue, type ReplicationTask } from "./replication-queue.ts";

export interface EurekaPeerOptions {
  /** Most items in one batch. */
  readonly batchMax: number;
  /** A batch that is not full leaves after this, in ms. */
  readonly delayMs: number;
  /** Most items that wait. */
  readonly queueMax: number;
  /** Pause after 503 or a timeout, in ms. */
  readonly congestionPauseMs: number;
  /** Pause after a connection that could not be made, in ms. */
  readonly retryMs: number;
}

/** Netflix's own (`PeerEurekaNode`, `DefaultEurekaServerConfig`). */
export const eurekaPeerDefaults: EurekaPeerOptions = {
  batchMax: 250,
  delayMs: 500,
  queueMax: 10_000,
  congestionPauseMs: 1_000,
  retryMs: 100,
};

/** What the peer made of one thing it was told. */
export type OutcomeListener = (task: ReplicationTask, said: EurekaReplication, answer: EurekaReplicationAnswer) => void;

/**
 * One other Eureka server, told of changes in batches as a peer of its own would. It never throws and never waits for
 * anybody: what cannot be told in time is dropped, and the heartbeats that follow make up for it.
 */
export class EurekaPeer {
  readonly url: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #call: EurekaCall;
  readonly #onOutcome: OutcomeListener;
  readonly #options: EurekaPeerOptions;
  readonly #queue: ReplicationQueue;
  #timer: Timer | undefined;
  #sending = false;
  #closed = false;
  #pausedUntilMs = 0;
  #trouble = "";

  constructor(
    url: string,
    clock: Clock,
    log: Log,
    call: EurekaCall,
    onOutcome: OutcomeListener,
    options: Partial<EurekaPeerOptions> = {},
  ) {
    this.url = url;
    this.#clock = clock;
    this.#log = log;
    this.#call = call;
    this.#onOutcome = onOutcome;
    this.#options = { ...eurekaPeerDefaults, ...options };
    this.#queue = new ReplicationQueue(this.#options.queueMax);
  }

  get queued(): number {
    return this.#queue.size;
  }

  get dropped(): number {
    return this.#queue.dropped;
  }

  /** Why the last call failed; empty when it did not. */
  get trouble(): string {
    return this.#trouble;
  }

  tell(task: ReplicationTask): void {
    if (this.#closed) return;
    this.#queue.add(task);
    this.#schedule();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#queue.clear();
  }

  #schedule(): void {
    const oldest = this.#queue.oldestAddedAtMs;
    if (this.#closed || this.#sending || oldest === undefined) return;
    const nowMs = this.#clock.monotonicMs();
    const full = this.#queue.size >= this.#options.batchMax;
    const dueMs = Math.max(full ? nowMs : oldest + this.#options.delayMs, this.#pausedUntilMs);
    this.#timer?.cancel();
    this.#timer = this.#clock.after(Math.max(0, dueMs - nowMs), () => void this.#send());
  }

  async #send(): Promise<void> {
    if (this.#sending || this.#closed) return;
    const said: [ReplicationTask, EurekaReplication][] = [];
    for (const task of this.#queue.take(this.#options.batchMax, this.#clock.monotonicMs())) {
      const item = task.say();
      if (item !== undefined) said.push([task, item]);
    }
    if (said.length === 0) return this.#schedule();
    this.#sending = true;
    const result = await this.#call({
      method: "POST",
      url: eurekaUrl(this.url, "peerreplication/batch/"),
      headers: {
        "content-type": "application/json",
        accept: "application/json",
        "accept-encoding": "gzip",
        "x-netflix-discovery-replication": "true",
      },
      body: encodeReplicationList(said.map(([, item]) => item)),
    });
    this.#sending = false;
    if (this.#closed) return;
    this.#take(result, said);
    this.#schedule();
  }

  #take(result: EurekaCallResult, said: readonly [ReplicationTask, EurekaReplication][]): void {
    const again = (pauseMs: number, reason: string): void => {
      this.#noteTrouble(reason);
      this.#pausedUntilMs = this.#clock.monotonicMs() + pauseMs;
      this.#queue.putBack(said.map(([task]) => task));
    };
    if (result.kind === "timeout") return again(this.#options.congestionPauseMs, result.reason);
    // Told twice is no harm; a connection that broke may have told nothing.
    if (result.kind !== "answer") return again(this.#options.retryMs, result.reason);
    if (result.status === 503) return again(this.#options.congestionPauseMs, "answered 503");
    if (result.status < 200 || result.status > 299) return this.#noteTrouble(`answered ${result.status}`);
    try {
      const answers = decodeReplicationAnswers(result.text);
      if (answers.length !== said.length) return this.#noteTrouble("answered another number of items");
      this.#noteTrouble("");
      for (const [i, [task, item]] of said.entries()) {
        const answer = answers[i];
        if (answer !== undefined) this.#onOutcome(task, item, answer);
      }
    } catch (error) {
      this.#noteTrouble(`answered what cannot be read: ${messageOf(error)}`);
    }
  }

  /** In the log when it changes, not each time. */
  #noteTrouble(reason: string): void {
    if (reason === this.#trouble) return;
    this.#trouble = reason;
    if (reason === "") this.#log.info("registry.eureka-peer.well", { peer: this.url });
    else this.#log.warn("registry.eureka-peer.trouble", { peer: this.url, reason });
  }
}
