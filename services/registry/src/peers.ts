import { Agent, request } from "node:http";
import {
  backoffMs,
  type Clock,
  type InstanceId,
  type Log,
  messageOf,
  PlatformError,
  type Timer,
} from "@holdfast/kernel";
import { RegistryPaths, type SeenAnswer } from "@holdfast/wire";
import type { LeaseTable, Replica } from "./lease-table.ts";

/** `[id, incarnation, version, age of the renewal in ms]`. */
export type Renewal = readonly [InstanceId, number, number, number];

/** `POST /v1/registry/replicate`. */
export interface ReplicateRequest {
  readonly from: string;
  /** This is all the sender knows, and it wants all the receiver knows. */
  readonly full: boolean;
  readonly replicas: readonly Replica[];
  readonly renewals: readonly Renewal[];
  /** The app whose listeners must have seen `replicas` before the answer comes; 0 does not wait. */
  readonly awaitSeenMs: number;
  readonly awaitApp?: string;
}

export interface ReplicateAnswer {
  /** All the receiver knows, when `full`. */
  readonly replicas: readonly Replica[];
  /** Renewals of instances it does not know: their records, please. */
  readonly unknown: readonly InstanceId[];
  readonly seen?: SeenAnswer;
}

export interface PeerState {
  readonly url: string;
  readonly state: "up" | "down" | "connecting";
  readonly reason: string;
  readonly sinceMs: number;
  readonly queued: number;
}

const batchMs = 20;
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
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8, timeout: 30_000 });
  #queue: Replica[] = [];
  readonly #renewed = new Set<InstanceId>();
  #state: PeerState["state"] = "connecting";
  #reason = "not tried yet";
  #sinceMs: number;
  #failures = 0;
  #timer: Timer | undefined;
  #renewTimer: Timer | undefined;
  #retry: Timer | undefined;
  #stopped = false;

  constructor(name: string, url: string, clock: Clock, log: Log, table: LeaseTable) {
    this.#name = name;
    this.url = url;
    this.#clock = clock;
    this.#log = log;
    this.#table = table;
    this.#sinceMs = clock.wallMs();
  }

  get state(): PeerState {
    return {
      url: this.url,
      state: this.#state,
      reason: this.#reason,
      sinceMs: this.#sinceMs,
      queued: this.#queue.length,
    };
  }

  /** Exchanges everything with the peer now; resolves with true when that worked. */
  async connect(): Promise<boolean> {
    if (this.#stopped) return false;
    this.#queue = [];
    try {
      const replicas = this.#table.replicas(this.#clock.monotonicMs());
      const answer = await this.#call({ from: this.#name, full: true, replicas, renewals: [], awaitSeenMs: 0 });
      for (const replica of answer.replicas) this.#table.merge(replica, this.#clock.monotonicMs());
      this.#turn("up", "");
      this.#failures = 0;
      this.#renewTimer ??= this.#clock.every(renewEveryMs, () => this.#sendRenewals());
      this.#schedule();
      return true;
    } catch (error) {
      this.#fail(error);
      return false;
    }
  }

  send(replica: Replica): void {
    if (this.#state !== "up") return;
    if (this.#queue.length >= queueMax) return this.#fail(new Error("its queue is full"));
    this.#queue.push(replica);
    this.#schedule();
  }

  /** Sends now and answers when the peer's listeners have seen it; with the peer down nobody there can. */
  async sendAndAwait(replica: Replica, app: string, awaitSeenMs: number): Promise<SeenAnswer> {
    if (this.#state !== "up") return { listeners: 0, seen: 0, complete: true };
    const replicas = [...this.#queue, replica];
    this.#queue = [];
    try {
      const body = { from: this.#name, full: false, replicas, renewals: [], awaitSeenMs, awaitApp: app };
      const answer = await this.#call(body, awaitSeenMs + callMaxMs);
      return answer.seen ?? { listeners: 0, seen: 0, complete: true };
    } catch (error) {
      this.#fail(error);
      return { listeners: 0, seen: 0, complete: false };
    }
  }

  renewed(id: InstanceId): void {
    this.#renewed.add(id);
  }

  close(): void {
    this.#stopped = true;
    for (const timer of [this.#timer, this.#renewTimer, this.#retry]) timer?.cancel();
    this.#agent.destroy();
  }

  #schedule(): void {
    if (this.#queue.length === 0 || this.#stopped) return;
    this.#timer ??= this.#clock.after(batchMs, () => {
      this.#timer = undefined;
      const replicas = this.#queue;
      this.#queue = [];
      this.#post({ from: this.#name, full: false, replicas, renewals: [], awaitSeenMs: 0 });
    });
  }

  #sendRenewals(): void {
    if (this.#state !== "up" || this.#renewed.size === 0) return;
    const nowMs = this.#clock.monotonicMs();
    const renewals = Array.from(this.#renewed).flatMap((id): Renewal[] => {
      const record = this.#table.get(id);
      return record === undefined ? [] : [[id, record.incarnation, record.version, this.#table.ageMs(id, nowMs) ?? 0]];
    });
    this.#renewed.clear();
    this.#post({ from: this.#name, full: false, replicas: [], renewals, awaitSeenMs: 0 });
  }

  #post(body: ReplicateRequest): void {
    this.#call(body).then(
      (answer) => {
        for (const id of answer.unknown) {
          const record = this.#table.get(id);
          const ageMs = this.#table.ageMs(id, this.#clock.monotonicMs()) ?? 0;
          if (record !== undefined) this.send({ kind: "record", record, ageMs });
        }
      },
      (error: unknown) => this.#fail(error),
    );
  }

  #fail(error: unknown): void {
    this.#failures += 1;
    this.#turn("down", messageOf(error));
    this.#queue = [];
    if (this.#stopped) return;
    const delayMs = backoffMs(this.#failures, { initialMs: 100, maxMs: 1_000, factor: 2 });
    this.#retry?.cancel();
    this.#retry = this.#clock.after(delayMs, () => void this.connect());
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

  #call(body: ReplicateRequest, timeoutMs = callMaxMs): Promise<ReplicateAnswer> {
    return new Promise((resolve, reject) => {
      const payload = Buffer.from(JSON.stringify(body));
      const headers = { "content-type": "application/json", "content-length": payload.length };
      const url = new URL(RegistryPaths.replicate, this.url);
      const fail = (error: unknown): void => {
        timer.cancel();
        reject(error);
      };
      const call = request(url, { method: "POST", headers, agent: this.#agent }, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (text += chunk));
        response.on("error", fail);
        response.on("end", () => {
          timer.cancel();
          const answer = readAnswer(text);
          if (response.statusCode === 200 && answer !== undefined) resolve(answer);
          else
            reject(
              new PlatformError("PEER_ANSWER_INVALID", `${this.url}: answered ${response.statusCode}, not as a peer`),
            );
        });
      });
      const timer = this.#clock.after(timeoutMs, () => call.destroy(new Error(`no answer within ${timeoutMs} ms`)));
      call.on("error", fail);
      call.end(payload);
    });
  }
}

function readAnswer(text: string): ReplicateAnswer | undefined {
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer !== "object" || answer === null) return undefined;
    return "replicas" in answer &&
      Array.isArray(answer.replicas) &&
      "unknown" in answer &&
      Array.isArray(answer.unknown)
      ? (answer as ReplicateAnswer)
      : undefined;
  } catch {
    return undefined;
  }
}
