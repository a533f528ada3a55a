import { codeOf } from "@holdfast/kernel";
import { type Counter, IpcClientMeters, type IpcStatus, type MeterRegistry } from "@holdfast/metrics";
import type { Call } from "./call.ts";

/** The meters of all calls of one client, by service. */
export class CallMeters {
  readonly #meters: MeterRegistry;
  readonly #services = new Map<string, ServiceMeters>();

  constructor(meters: MeterRegistry) {
    this.#meters = meters;
  }

  of(app: string): ServiceMeters {
    let service = this.#services.get(app);
    if (service === undefined) {
      service = new ServiceMeters(this.#meters, app);
      this.#services.set(app, service);
    }
    return service;
  }
}

/** How attempts end that get no answer. */
const failures: Readonly<Record<string, IpcStatus>> = {
  "not-executed": "connection_error",
  lost: "connection_error",
  silent: "timeout",
  abandoned: "cancelled",
  "own-fault": "bad_request",
};

/** How calls end that make no attempt. */
const unmade: Readonly<Record<string, IpcStatus>> = {
  NO_SERVER_AVAILABLE: "unavailable",
  CALL_TIMED_OUT: "timeout",
  CALL_ABORTED: "cancelled",
};

/** `ipc.client.call`, one an attempt, `ipc.client.inflight` and `ipc.client.retries` of one service. */
export class ServiceMeters {
  readonly #ipc: IpcClientMeters;
  readonly #retries: Counter;

  constructor(meters: MeterRegistry, app: string) {
    this.#ipc = new IpcClientMeters(meters, app);
    this.#retries = meters.counter("ipc.client.retries", { id: app, "ipc.server.app": app });
  }

  began(): void {
    this.#ipc.began();
  }

  /** `result`: the status of the answer, or why there was none. `call`: unless it was not made. */
  ended(method: string, call: Call | undefined, result: unknown, ms: number): void {
    this.#ipc.ended();
    const tries = call?.tries ?? 0;
    if (call === undefined || tries === 0) {
      // Short-circuited or refused by its command, unless the code says more.
      this.#ipc.failed(method, unmade[codeOf(result)] ?? "throttled", 0, true, ms);
    } else if (tries === 1 && typeof result === "number") {
      this.#ipc.answered(method, result, 0, true, ms);
    } else {
      this.#retries.increment(tries - 1);
      this.#attempts(method, call);
    }
  }

  #attempts(method: string, call: Call): void {
    for (const [nth, { outcome, tookMs }] of call.attempts().entries()) {
      const isFinal = nth === call.tries - 1;
      const status = Number(outcome);
      if (status > 0) this.#ipc.answered(method, status, nth, isFinal, tookMs);
      else this.#ipc.failed(method, failures[outcome] ?? "unexpected_error", nth, isFinal, tookMs);
    }
  }
}
