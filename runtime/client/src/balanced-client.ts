import type { IncomingMessage, ServerResponse } from "node:http";
import type { Config } from "@holdfast/config";
import type { ServerList } from "@holdfast/discovery";
import { type Clock, type Log, type Random, silentLog, withDefaults } from "@holdfast/kernel";
import type { MeterRegistry } from "@holdfast/metrics";
import { Resilience, Timeouts } from "@holdfast/resilience";
import type { Tracer } from "@holdfast/trace";
import type { BalancerReport, InstanceRecord } from "@holdfast/wire";
import type { Dispatcher } from "undici";
import { AppOptions } from "./app-options.ts";
import { BalancedDispatcher } from "./balanced-dispatcher.ts";
import { balancerReport } from "./balancer-report.ts";
import { Call, type CallRequest } from "./call.ts";
import { CallMeters, type ServiceMeters } from "./call-meters.ts";
import { endCallSpans, spanOfCaller } from "./call-span.ts";
import { checkedOptions } from "./checked-options.ts";
import { Cluster } from "./cluster.ts";
import { currentContext, type RequestContext } from "./context.ts";
import { ServiceUnknownError } from "./errors.ts";
import { type ForwardOptions, type ForwardResult, forward } from "./forward.ts";
import { type ClientOptions, clientDefaults } from "./options.ts";
import { ServerFault } from "./server-fault.ts";
import { FetchClient, type ServiceClient } from "./service-client.ts";
import { errorOrAnswer, type Fallback, Fallen, fallenFrom, type Job, ServiceCommands } from "./service-command.ts";
import type { Answer } from "./try.ts";

/** The first call of a process waits so long for the registry's first view. */
const firstViewMaxMs = 2_000;

/** What a client stands on, beside the servers. */
export interface ClientParts {
  /** Where `ipc.client.call`, `ipc.client.inflight` and `ipc.client.retries` are counted. */
  readonly meters?: MeterRegistry | undefined;
  /** Whose commands the calls go through. Default: of this client alone. */
  readonly resilience?: Resilience;
  /** Where Ribbon's keys are read. Default: nowhere. */
  readonly config?: Config;
  readonly log?: Log;
  /** Begins a trace for a call that no request asked for. Default: such calls are in no trace. */
  readonly tracer?: Tracer | undefined;
}

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
  readonly #timeouts: Timeouts;
  readonly #config: Config | undefined;
  readonly #log: Log;
  readonly #settings = new Map<string, AppOptions>();
  readonly #commands: ServiceCommands;
  readonly #tracer: Tracer | undefined;
  readonly #leave: () => void;

  constructor(
    servers: ServerList,
    clock: Clock,
    random: Random,
    options: Partial<ClientOptions> = {},
    parts: ClientParts = {},
  ) {
    const {
      meters,
      config,
      log = silentLog,
      tracer,
      resilience = new Resilience(clock, random.child("commands"), config),
    } = parts;
    this.#config = config;
    this.#tracer = tracer;
    this.#log = log;
    this.options = withDefaults(clientDefaults, checkedOptions(options));
    this.#servers = servers;
    this.clock = clock;
    this.#random = random;
    this.#meters = meters === undefined ? undefined : new CallMeters(meters);
    this.#timeouts = new Timeouts(clock);
    this.#commands = new ServiceCommands(resilience);
    this.dispatcher = new BalancedDispatcher(this);
    this.#leave = servers.subscribe((apps) => {
      for (const app of apps) this.#clusters.get(app)?.update(servers.instances(app));
      // Others of our kind have come or gone: what is a zone's fair share is not what it was.
      if (this.options.app !== undefined && apps.has(this.options.app)) {
        for (const cluster of this.#clusters.values()) cluster.set.markStale();
      }
    });
  }

  /**
   * A client for one service. Nothing is looked up before the first call. `options` count for all calls of that service by
   * this client, over the client's own; what the configuration says for it counts over both.
   *
   * @throws PickerUnknownError, and OptionError by the path of a value that makes no sense.
   */
  service(name: string, options?: Partial<ClientOptions>): ServiceClient {
    if (options !== undefined) this.#settingsOf(name).add(checkedOptions(options));
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
   * @throws ServiceUnknownError when nobody registered under this name; CallTimedOutError, CallAbortedError,
   * NoServerAvailableError, CallFailedError, RequestUnfitError; CommandError when the circuit is open or too many calls are
   * under way; and the error of a request body that broke off.
   */
  call(app: string, request: CallRequest, onCall?: (call: Call) => void): Promise<Answer> {
    return this.#call(app, request, onCall, undefined) as Promise<Answer>;
  }

  /** {@link call}, with what answers instead when it fails, when the servers' answer is a 5xx, or when it is not made. */
  async callOr<T>(app: string, request: CallRequest, fallback: Fallback<T>): Promise<Answer | T> {
    const result = await this.#call(app, request, undefined, fallback);
    return result instanceof Fallen ? (result.value as T) : result;
  }

  #call(
    app: string,
    request: CallRequest,
    onCall: ((call: Call) => void) | undefined,
    fallback: Fallback<unknown> | undefined,
  ): Promise<Answer | Fallen> {
    const cluster = this.#clusters.get(app);
    if (cluster !== undefined && cluster.servers.length > 0) return this.#run(cluster, request, onCall, fallback);
    return this.#firstCall(app, request, onCall, fallback);
  }

  async #firstCall(
    app: string,
    request: CallRequest,
    onCall: ((call: Call) => void) | undefined,
    fallback: Fallback<unknown> | undefined,
  ): Promise<Answer | Fallen> {
    // Only a process that has just started has no view at all.
    if (this.#servers.instances(app).length === 0) await this.#servers.ready?.(firstViewMaxMs).catch(() => {});
    try {
      return await this.#run(this.#cluster(app), request, onCall, fallback);
    } catch (error) {
      if (fallback !== undefined && error instanceof ServiceUnknownError) return new Fallen(await fallback(error));
      throw error;
    }
  }

  #run(
    cluster: Cluster,
    request: CallRequest,
    onCall: ((call: Call) => void) | undefined,
    fallback: Fallback<unknown> | undefined,
  ): Promise<Answer | Fallen> {
    const startedAtMs = this.clock.monotonicMs();
    const { app } = cluster;
    const context = currentContext();
    const commands = this.#commands.of(cluster, request.command ?? app);
    const command = fallback === undefined ? commands.plain : commands.armed;
    let timeoutMs = request.timeoutMs ?? cluster.settings.configuredTimeoutMs ?? command.timeoutMs;
    if (context?.deadlineAtMs !== undefined)
      timeoutMs = Math.min(timeoutMs, Math.max(1, context.deadlineAtMs - startedAtMs));
    const span = spanOfCaller(this.#tracer, context, app, startedAtMs);
    const job: Job = { cluster, request, onCall, fallback, span, call: undefined, fellBackFor: undefined };
    const meters = this.#meters?.of(app);
    meters?.began();
    return command.executeWith({ signal: request.signal, timeoutMs }, job).then<Answer | Fallen, Answer | Fallen>(
      (answer) => {
        this.#ended(job, meters, answer instanceof Fallen ? undefined : answer.status, context, startedAtMs);
        return answer;
      },
      (error: unknown): Answer | Promise<Fallen> => {
        const answer = errorOrAnswer(error, job, timeoutMs);
        const falls = fallback !== undefined && error instanceof ServerFault;
        if (falls) job.fellBackFor = "OVERLOADED";
        this.#ended(job, meters, answer instanceof Error ? answer : answer.status, context, startedAtMs);
        if (falls) return fallenFrom(error, fallback);
        if (answer instanceof Error) {
          context?.onExhausted?.();
          throw answer;
        }
        if (answer.status >= 502 && answer.status <= 504) context?.onExhausted?.();
        return answer;
      },
    );
  }

  /** `result`: the status of the answer, or why there was none. */
  #ended(
    job: Job,
    meters: ServiceMeters | undefined,
    result: unknown,
    context: RequestContext | undefined,
    startedAtMs: number,
  ): void {
    const endedAtMs = this.clock.monotonicMs();
    meters?.ended(job.request.method, job.call, result, endedAtMs - startedAtMs);
    if (job.span !== undefined) endCallSpans(job.span, context === undefined, { job, result, startedAtMs, endedAtMs });
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

  /** All that is known of `app`: servers, why they are chosen, the latest troubled calls; `undefined` before its first call. */
  report(app: string): BalancerReport | undefined {
    const cluster = this.#clusters.get(app);
    return cluster === undefined ? undefined : balancerReport(cluster);
  }

  /** {@link report} of every service that was called. */
  reports(): BalancerReport[] {
    return Array.from(this.#clusters.values(), balancerReport);
  }

  async close(): Promise<void> {
    this.#leave();
    await Promise.all(Array.from(this.#clusters.values(), (cluster) => cluster.close()));
  }

  /** The server a tunnel (WebSocket) of `app` goes to. */
  pickOne(app: string): InstanceRecord | undefined {
    return this.#cluster(app).pick([], {}, false, this.clock.monotonicMs())?.record;
  }

  #settingsOf(app: string): AppOptions {
    const known = this.#settings.get(app);
    if (known !== undefined) return known;
    const made = new AppOptions(this.options, {}, this.#config, app, this.#log);
    this.#settings.set(app, made);
    return made;
  }

  /** Instances of our own kind, zone by zone. */
  #callers(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    const { app } = this.options;
    for (const { zone, status } of app === undefined ? [] : this.#servers.instances(app)) {
      if (status === "UP") counts.set(zone, (counts.get(zone) ?? 0) + 1);
    }
    return counts;
  }

  #cluster(app: string): Cluster {
    const known = this.#clusters.get(app);
    if (known !== undefined) return known;
    const records = this.#servers.instances(app);
    if (records.length === 0) throw new ServiceUnknownError(app, this.#servers.apps());
    const cluster = new Cluster(app, this.clock, this.#random.child(app), this.#timeouts, this.#settingsOf(app), () =>
      this.#callers(),
    );
    cluster.update(records);
    this.#clusters.set(app, cluster);
    return cluster;
  }
}
