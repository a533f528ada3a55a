import type { DistributionSummary } from "../meters/distribution-summary.ts";
import type { PercentileTimer } from "../meters/percentile-timer.ts";
import { otherValues } from "../patterns/cardinality-limiters.ts";
import type { MeterRegistry } from "../registry/meter-registry.ts";
import { endpointOf } from "./endpoint-of.ts";
import { ipcAttempts, ipcOwner, ipcStatusOfHttp } from "./ipc-status.ts";

/** Endpoints that are told apart; calls of more are one. Keeps what strangers ask for from becoming series. */
const endpointsMax = 20;

/** Resolved timers of one endpoint, by method, then by status and attempt. */
type EndpointTimers = Map<string, Map<number, PercentileTimer>>;

/**
 * What Atlas' IPC specification asks of a server, without anyone asking: `ipc.server.call` (percentile timer) and
 * `ipc.server.inflight` (how many were under way when one more came). An endpoint is told apart once it was found: paths that
 * only ever answer 404 are not.
 */
export class IpcServerMeters {
  readonly #meters: MeterRegistry;
  readonly #inFlight: DistributionSummary;
  readonly #endpoints = new Map<string, EndpointTimers>();
  readonly #others: EndpointTimers = new Map();

  constructor(meters: MeterRegistry) {
    this.#meters = meters;
    this.#inFlight = meters.summary("ipc.server.inflight", ipcOwner);
  }

  /** A request has come; `inFlight` with it. */
  began(inFlight: number): void {
    this.#inFlight.record(inFlight);
  }

  /** A request was answered. `path` may have a query; `attempt` is 1 for the first. */
  ended(method: string, path: string, status: number, attempt: number, ms: number): void {
    const name = endpointOf(path);
    let endpoint = this.#endpoints.get(name);
    if (endpoint === undefined) {
      if (status === 404 || this.#endpoints.size >= endpointsMax) endpoint = this.#others;
      else {
        endpoint = new Map();
        this.#endpoints.set(name, endpoint);
      }
    }
    let timers = endpoint.get(method);
    if (timers === undefined) {
      timers = new Map();
      endpoint.set(method, timers);
    }
    const nth = attempt >= 3 ? 2 : attempt === 2 ? 1 : 0;
    const key = status * 4 + nth;
    let timer = timers.get(key);
    if (timer === undefined) {
      timer = this.#resolve(endpoint === this.#others ? otherValues : name, method, status, nth);
      timers.set(key, timer);
    }
    timer.record(ms);
  }

  #resolve(endpoint: string, method: string, status: number, nth: 0 | 1 | 2): PercentileTimer {
    const outcome = ipcStatusOfHttp(status);
    return this.#meters.percentileTimer("ipc.server.call", {
      ...ipcOwner,
      "ipc.endpoint": endpoint,
      "ipc.result": outcome === "success" ? "success" : "failure",
      "ipc.status": outcome,
      "ipc.attempt": ipcAttempts[nth],
      "http.method": method,
      "http.status": String(status),
    });
  }
}
