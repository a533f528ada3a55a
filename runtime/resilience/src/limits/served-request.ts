import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "@holdfast/kernel";
import type { CallPermit } from "../command-definition.ts";

/** What wants to know when a response has closed. */
export interface Closing {
  closed(): void;
}

/** Arranges that `closing` is told when `response` closes. A server that hears of it anyhow has cheaper ways than one more listener. */
export type TellClosed = (response: ServerResponse, closing: Closing) => void;

/** A request between its coming and the end of its answer. */
export class ServedRequest implements Closing {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly priority: number;
  /** On the clock's monotonic time; NaN: none. */
  readonly deadlineMs: number;
  readonly #clock: Clock;
  readonly #tookMs: (ms: number) => void;
  #beganMs = 0;
  #permit: CallPermit | undefined;
  #closed = false;
  #working = false;

  constructor(
    clock: Clock,
    request: IncomingMessage,
    response: ServerResponse,
    priority: number,
    deadlineMs: number,
    tookMs: (ms: number) => void,
  ) {
    this.#clock = clock;
    this.#tookMs = tookMs;
    this.request = request;
    this.response = response;
    this.priority = priority;
    this.deadlineMs = Number.isNaN(deadlineMs) ? Number.POSITIVE_INFINITY : deadlineMs;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Its handler is about to run. */
  begin(permit: CallPermit, nowMs: number): void {
    this.#beganMs = nowMs;
    this.#permit = permit;
  }

  /** The handler goes on after it has returned, perhaps after its answer. */
  waitFor(result: Promise<unknown>): void {
    this.#working = true;
    const ended = (): void => {
      this.#working = false;
      this.#settle();
    };
    result.then(ended, ended);
  }

  closed(): void {
    this.#closed = true;
    this.#settle();
  }

  #settle(): void {
    const permit = this.#permit;
    if (permit === undefined || !this.#closed || this.#working) return;
    const { statusCode, writableFinished } = this.response;
    if (!writableFinished) {
      return this.#clock.monotonicMs() >= this.deadlineMs ? permit.dropped() : permit.ignored();
    }
    this.#tookMs(this.#clock.monotonicMs() - this.#beganMs);
    if (statusCode < 500) return permit.success();
    if (statusCode === 503 || statusCode === 504) return permit.dropped();
    permit.ignored();
  }
}
