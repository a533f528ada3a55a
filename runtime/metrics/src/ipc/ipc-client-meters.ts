import type { DistributionSummary } from "../meters/distribution-summary.ts";
import type { PercentileTimer } from "../meters/percentile-timer.ts";
import type { MeterRegistry } from "../registry/meter-registry.ts";
import { type IpcStatus, ipcAttempts, ipcOwner, ipcStatusOfHttp } from "./ipc-status.ts";

/**
 * What Atlas' IPC specification asks of a client that calls one service: `ipc.client.call` (percentile timer) for each
 * attempt, and `ipc.client.inflight` (how many calls were under way when one more began).
 */
export class IpcClientMeters {
  readonly #meters: MeterRegistry;
  readonly #server: string;
  readonly #inFlight: DistributionSummary;
  /** By method, then by status, attempt and whether it was the last. */
  readonly #answered = new Map<string, Map<number, PercentileTimer>>();
  #underWay = 0;

  /** `server`: the logical name of the service that is called. */
  constructor(meters: MeterRegistry, server: string) {
    this.#meters = meters;
    this.#server = server;
    this.#inFlight = meters.summary("ipc.client.inflight", { ...ipcOwner, id: server, "ipc.server.app": server });
  }

  /** A call begins. */
  began(): void {
    this.#underWay += 1;
    this.#inFlight.record(this.#underWay);
  }

  /** A call is over, with all its attempts. */
  ended(): void {
    this.#underWay -= 1;
  }

  /** An attempt was answered; `nth` is 0 for the first. Costs three look-ups by what is already there. */
  answered(method: string, status: number, nth: number, isFinal: boolean, ms: number): void {
    let timers = this.#answered.get(method);
    if (timers === undefined) {
      timers = new Map();
      this.#answered.set(method, timers);
    }
    const key = status * 8 + Math.min(nth, 2) * 2 + (isFinal ? 1 : 0);
    let timer = timers.get(key);
    if (timer === undefined) {
      timer = this.#resolve(method, status, ipcStatusOfHttp(status), nth, isFinal);
      timers.set(key, timer);
    }
    timer.record(ms);
  }

  /** An attempt ended without an answer. */
  failed(method: string, status: IpcStatus, nth: number, isFinal: boolean, ms: number): void {
    this.#resolve(method, undefined, status, nth, isFinal).record(ms);
  }

  #resolve(
    method: string,
    httpStatus: number | undefined,
    status: IpcStatus,
    nth: number,
    isFinal: boolean,
  ): PercentileTimer {
    return this.#meters.percentileTimer("ipc.client.call", {
      ...ipcOwner,
      id: this.#server,
      "ipc.server.app": this.#server,
      "ipc.result": status === "success" ? "success" : "failure",
      "ipc.status": status,
      "ipc.attempt": ipcAttempts[nth >= 2 ? 2 : nth === 1 ? 1 : 0],
      "ipc.attempt.final": isFinal ? "true" : "false",
      "http.method": method,
      ...(httpStatus === undefined ? {} : { "http.status": String(httpStatus) }),
    });
  }
}
