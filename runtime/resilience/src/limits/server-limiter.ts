import type { IncomingMessage, ServerResponse } from "node:http";
import { type Clock, numberBetween, OptionError, wholeBetween, withDefaults } from "@holdfast/kernel";
import { Headers, problem, problemContentType } from "@holdfast/wire";
import type { CallPermit } from "../command-definition.ts";
import type { Timed } from "../timeouts.ts";
import { isHealthCheck } from "./health-check.ts";
import type { Limiter } from "./limiter.ts";
import { ServedRequest, type TellClosed } from "./served-request.ts";
import { type Guest, priorities, type RoomOptions, roomDefaults, WaitingRoom } from "./waiting-room.ts";

/** What is limited; two arguments, as Node calls it. */
export type ServerHandler = (request: IncomingMessage, response: ServerResponse) => unknown;

export interface ServerLimiterOptions extends RoomOptions {
  /** 0 (matters most) to 3. Default: the header `x-holdfast-priority`, 1 without it. */
  readonly priorityOf: (request: IncomingMessage) => number;
  /** Requests that are never limited, beside health checks: streams of events that stay open. Default: none. */
  readonly exempt: (request: IncomingMessage) => boolean;
  /** Of the answer to those that are turned away. Default 503; 429 is Netflix's. */
  readonly status: 429 | 503;
  /** When they may come again, in whole seconds from 1. Default 1. */
  readonly retryAfterSeconds: number;
}

const serverDefaults: ServerLimiterOptions = {
  ...roomDefaults,
  priorityOf: (request) => {
    const given = request.headers[Headers.priority];
    return given === undefined ? defaultPriority : Number(given);
  },
  exempt: () => false,
  status: 503,
  retryAfterSeconds: 1,
};

const defaultPriority = 1;

/** Requests since the start; lists are by priority. */
export interface ServerCounts {
  readonly admitted: readonly number[];
  readonly refused: readonly number[];
  /** Nobody waited for them any more when their turn came. */
  readonly late: number;
  readonly exempt: number;
}

/**
 * Limits what a server does at once. Requests that a limiter has no place for wait for a moment in order of priority (see
 * `WaitingRoom`); those that get none are answered with `Retry-After` and without being run.
 *
 * A place is held until the answer is out and the handler's promise has settled. A limiter learns from answers below 500;
 * 503 and 504 (a callee is overloaded), and a caller that left after its deadline, count as dropped; other failures teach
 * nothing.
 */
export class ServerLimiter {
  readonly #clock: Clock;
  readonly #limiter: Limiter<IncomingMessage>;
  readonly #options: ServerLimiterOptions;
  readonly #room: WaitingRoom;
  readonly #refusal: Buffer;
  readonly #admitted: number[] = zeros();
  readonly #refused: number[] = zeros();
  readonly #fits = (guest: Timed): boolean => guest instanceof WaitingRequest && this.#limiter.hasRoom(guest.request);
  readonly #tookMs = (ms: number): void => this.#room.noteTime(ms);
  #late = 0;
  #exempt = 0;

  /** @throws OptionError */
  constructor(clock: Clock, limiter: Limiter<IncomingMessage>, options?: Partial<ServerLimiterOptions>) {
    const all = withDefaults(serverDefaults, options);
    wholeBetween("server.backlog", all.backlog, 0, 1_000_000);
    numberBetween("server.patienceMs", all.patienceMs, 0, 60_000);
    wholeBetween("server.retryAfterSeconds", all.retryAfterSeconds, 1, 3_600);
    if (all.status !== 429 && all.status !== 503) throw new OptionError("server.status", "429 or 503", all.status);
    this.#clock = clock;
    this.#limiter = limiter;
    this.#options = all;
    this.#room = new WaitingRoom(clock, all);
    const detail = "the server has as much to do as it can; this request was not run";
    this.#refusal = body(all.status, "OVERLOADED", detail, `come again in ${all.retryAfterSeconds} s`);
    limiter.onRoom(() => this.#letIn());
  }

  /** How many wait now. */
  get waiting(): number {
    return this.#room.size;
  }

  get counts(): ServerCounts {
    return { admitted: [...this.#admitted], refused: [...this.#refused], late: this.#late, exempt: this.#exempt };
  }

  /**
   * The handler, limited. What it returns or throws is passed on; a request that had to wait gets a promise. `tellClosed`: by
   * default, a listener of the response.
   */
  limited(handler: ServerHandler, tellClosed: TellClosed = listen): ServerHandler {
    return (request, response) => this.#serve(handler, tellClosed, request, response);
  }

  #serve(handler: ServerHandler, tellClosed: TellClosed, request: IncomingMessage, response: ServerResponse): unknown {
    if (isHealthCheck(request.url) || this.#options.exempt(request)) {
      this.#exempt += 1;
      return handler(request, response);
    }
    const leftMs = Number(request.headers[Headers.deadline] ?? Number.NaN);
    if (leftMs <= 0) return this.#tellLate(request, response);
    const priority = this.#priorityOf(request);
    const startMs = this.#clock.monotonicMs();
    const served = new ServedRequest(this.#clock, request, response, priority, startMs + leftMs, this.#tookMs);
    tellClosed(response, served);
    if (this.#limiter.hasRoom(request)) {
      const permit = this.#limiter.acquire(request);
      if (permit !== undefined) return this.#run(handler, served, permit, startMs);
    }
    return this.#wait(handler, served, startMs);
  }

  /** What is no priority is the default one. */
  #priorityOf(request: IncomingMessage): number {
    const priority = this.#options.priorityOf(request);
    return priority >= 0 && priority < priorities && Number.isInteger(priority) ? priority : defaultPriority;
  }

  /** `await` brings back the async context of the request: it is let in by the end of another one. */
  async #wait(handler: ServerHandler, served: ServedRequest, startMs: number): Promise<unknown> {
    const { request, response, priority } = served;
    const permit = await new Promise<CallPermit | undefined>((resolve) => {
      const guest = new WaitingRequest(request, priority, startMs, resolve);
      if (!this.#room.add(guest)) return resolve(undefined);
      response.on("close", () => {
        this.#room.remove(guest);
        resolve(undefined);
      });
    });
    if (served.isClosed) return permit?.ignored();
    if (permit === undefined) return this.#refuse(served);
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < served.deadlineMs) return this.#run(handler, served, permit, nowMs);
    permit.ignored();
    return this.#tellLate(request, response);
  }

  #letIn(): void {
    for (let guest = this.#room.next(this.#fits); guest !== undefined; guest = this.#room.next(this.#fits)) {
      if (guest instanceof WaitingRequest) guest.enter(this.#limiter.acquire(guest.request));
    }
  }

  #run(handler: ServerHandler, served: ServedRequest, permit: CallPermit, nowMs: number): unknown {
    this.#admitted[served.priority] = (this.#admitted[served.priority] ?? 0) + 1;
    served.begin(permit, nowMs);
    const result = handler(served.request, served.response);
    if (result instanceof Promise) served.waitFor(result);
    return result;
  }

  #refuse({ request, response, priority }: ServedRequest): void {
    this.#refused[priority] = (this.#refused[priority] ?? 0) + 1;
    request.resume();
    response.setHeader("retry-after", this.#options.retryAfterSeconds);
    answer(response, this.#options.status, this.#refusal);
  }

  #tellLate(request: IncomingMessage, response: ServerResponse): void {
    this.#late += 1;
    request.resume();
    answer(response, 504, lateBody);
  }
}

const listen: TellClosed = (response, closing) => void response.on("close", () => closing.closed());

/** A request in the waiting room. */
class WaitingRequest implements Guest {
  readonly request: IncomingMessage;
  readonly priority: number;
  readonly startMs: number;
  previous: Timed | undefined = undefined;
  next: Timed | undefined = undefined;
  readonly enter: (permit: CallPermit | undefined) => void;

  constructor(
    request: IncomingMessage,
    priority: number,
    startMs: number,
    enter: (permit: CallPermit | undefined) => void,
  ) {
    this.request = request;
    this.priority = priority;
    this.startMs = startMs;
    this.enter = enter;
  }

  expire(): void {
    this.enter(undefined);
  }
}

const lateBody = body(504, "DEADLINE_PASSED", "nobody waits for this answer any more", undefined);

function body(status: number, code: string, detail: string, next: string | undefined): Buffer {
  return Buffer.from(JSON.stringify(problem(status, code, detail, { next })));
}

function answer(response: ServerResponse, status: number, bytes: Buffer): void {
  response.writeHead(status, {
    [Headers.notExecuted]: "1",
    "content-type": problemContentType,
    "content-length": bytes.length,
  });
  response.end(bytes);
}

function zeros(): number[] {
  return Array.from({ length: priorities }, () => 0);
}
