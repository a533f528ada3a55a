import type { IncomingMessage, ServerResponse } from "node:http";
import type { ServerList } from "@holdfast/discovery";
import { type Clock, type Random, withDefaults } from "@holdfast/kernel";
import type { MeterRegistry } from "@holdfast/metrics";
import type { InstanceRecord } from "@holdfast/wire";
import type { Dispatcher } from "undici";
import { BalancedDispatcher } from "./balanced-dispatcher.ts";
import { Call, type CallRequest } from "./call.ts";
import { CallMeters } from "./call-meters.ts";
import { Cluster } from "./cluster.ts";
import { currentContext } from "./context.ts";
import { ServiceUnknownError } from "./errors.ts";
import { type ForwardOptions, type ForwardResult, forward } from "./forward.ts";
import { type ClientOptions, clientDefaults } from "./options.ts";
import { FetchClient, type ServiceClient } from "./service-client.ts";
import type { Answer } from "./try.ts";

/** The first call of a process waits so long for the registry's first view. */
const firstViewMaxMs = 2_000;

/** One server as {@link BalancedClient.explain} shows it. */
export interface ServerExplanation {
  readonly instance: string;
  readonly zone: string;
  readonly origin: string;
  readonly outstanding: number;
  readonly ewmaMs: number;
  /** For how much longer it gets no calls; 0 when it does. */
  readonly ejectedForMs: number;
}

/**
 * Calls services by name. Servers come from the registry's pushed view; each call is balanced, retried and bounded as
 * {@link ClientOptions} says.
 */
export class BalancedClient {
  readonly options: ClientOptions;
  readonly clock: Clock;
  /** For undici and everything built on it: `http://<service>/…` is balanced, other origins pass through. */
  readonly dispatcher: Dispatcher;
  readonly #servers: ServerList;
  readonly #random: Random;
  readonly #clusters = new Map<string, Cluster>();
  readonly #services = new Map<string, ServiceClient>();
  readonly #meters: CallMeters | undefined;
  readonly #leave: () => void;

  constructor(
    servers: ServerList,
    clock: Clock,
    random: Random,
    options: Partial<ClientOptions> = {},
    meters?: MeterRegistry,
  ) {
    this.options = withDefaults(clientDefaults, options);
    this.#servers = servers;
    this.clock = clock;
    this.#random = random;
    this.#meters = meters === undefined ? undefined : new CallMeters(meters);
    this.dispatcher = new BalancedDispatcher(this);
    this.#leave = servers.subscribe((apps) => {
      for (const app of apps) this.#clusters.get(app)?.update(servers.instances(app));
    });
  }

  /** A client for one service. Nothing is looked up before the first call. */
  service(name: string): ServiceClient {
    const known = this.#services.get(name);
    if (known !== undefined) return known;
    const made = new FetchClient(name, this);
    this.#services.set(name, made);
    return made;
  }

  /** True when instances of `app` are or were registered. */
  knows(app: string): boolean {
    return this.#clusters.has(app) || this.#servers.instances(app).length > 0;
  }

  /**
   * Makes one call. The deadline of the request being served, when there is one, shortens the time given. `onCall` gets
   * the call once it begins: a way to abort it that costs less than a signal.
   *
   * @throws ServiceUnknownError when nobody registered under this name, and what `Call.run` throws.
   */
  async call(app: string, request: CallRequest, onCall?: (call: Call) => void): Promise<Answer> {
    const startedAtMs = this.clock.monotonicMs();
    // Only a process that has just started has no view at all.
    if (this.#servers.instances(app).length === 0) await this.#servers.ready?.(firstViewMaxMs).catch(() => {});
    const cluster = this.#cluster(app);
    const context = currentContext();
    const leftMs = context?.deadlineAtMs === undefined ? undefined : Math.max(1, context.deadlineAtMs - startedAtMs);
    const inTime = leftMs === undefined || leftMs > request.timeoutMs ? request : { ...request, timeoutMs: leftMs };
    const call = new Call(cluster, this.clock, this.options, inTime);
    try {
      const answering = call.run();
      onCall?.(call);
      const answer = await answering;
      if (answer.status >= 502 && answer.status <= 504) context?.onExhausted?.();
      this.#meters?.record(app, answer.status, this.clock.monotonicMs() - startedAtMs, call.tries);
      return answer;
    } catch (error) {
      context?.onExhausted?.();
      this.#meters?.record(app, 0, this.clock.monotonicMs() - startedAtMs, call.tries);
      throw error;
    }
  }

  /** Passes a request that came in on to `options.service` and its answer back; see {@link ForwardOptions}. */
  forward(req: IncomingMessage, res: ServerResponse, options: ForwardOptions): Promise<ForwardResult> {
    return forward(this, req, res, options);
  }

  /** What this caller knows of each server of `app`. */
  explain(app: string): ServerExplanation[] {
    const nowMs = this.clock.monotonicMs();
    return (this.#clusters.get(app)?.servers ?? []).map((server) => ({
      instance: server.record.id,
      zone: server.record.zone,
      origin: server.origin,
      outstanding: server.outstanding,
      ewmaMs: server.ewmaMs(nowMs),
      ejectedForMs: Math.max(0, server.ejectedUntilMs - nowMs),
    }));
  }

  async close(): Promise<void> {
    this.#leave();
    await Promise.all(Array.from(this.#clusters.values(), (cluster) => cluster.close()));
  }

  /** The server a tunnel (WebSocket) of `app` goes to. */
  pickOne(app: string): InstanceRecord | undefined {
    return this.#cluster(app).pick([])?.record;
  }

  #cluster(app: string): Cluster {
    const known = this.#clusters.get(app);
    if (known !== undefined) return known;
    const records = this.#servers.instances(app);
    if (records.length === 0) throw new ServiceUnknownError(app, this.#servers.apps());
    const cluster = new Cluster(app, this.clock, this.#random.child(app), this.options);
    cluster.update(records);
    this.#clusters.set(app, cluster);
    return cluster;
  }
}
