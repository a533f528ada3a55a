import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { Registration } from "@holdfast/discovery";
import {
  type Clock,
  type Log,
  messageOf,
  processLog,
  type Random,
  SystemClock,
  systemRandom,
  type Timer,
  within,
} from "@holdfast/kernel";
import { MeterRegistry, watchProcess } from "@holdfast/metrics";
import type { Resilience } from "@holdfast/resilience";
import type { InstanceStatus, SeenAnswer } from "@holdfast/wire";
import { createAdminServer, type Readiness } from "./admin-server.ts";
import { AppServer } from "./app-server.ts";
import type { Handler } from "./handler.ts";
import { type Identity, localAddressOf, readIdentity } from "./identity.ts";
import { processConfigReady, processConfigReport } from "./process-config.ts";
import { processResilience, shownBalancers } from "./process-resilience.ts";
import { processTracing, type Tracing } from "./process-trace.ts";
import { type ServerLimit, serverLimit } from "./server-limit.ts";
import { stopOnSignals } from "./signals.ts";

export interface ServeOptions {
  /** The logical name callers use. Default: what the environment says. */
  readonly name?: string;
  readonly handler: Handler;
  /** Default: PORT, else 3000. */
  readonly port?: number;
  /** Default: HOST, else 127.0.0.1. */
  readonly host?: string;
  /**
   * Whether this instance can serve: `false` or a throw makes it DOWN, with the message as reason. Waited for at most 1 s,
   * never asked again before it has answered; asked each 250 ms until it first says yes, each 2 s from then on.
   */
  readonly health?: () => boolean | Promise<boolean>;
  /** Runs after the last request and before the process ends; waited for until `drainMs` is over, at least 1 s. */
  readonly onStop?: () => void | Promise<void>;
  /** Runs when the drain begins: open answers without an end (streams) are to be ended. */
  readonly onDrain?: () => void;
  readonly onUpgrade?: (req: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Longest time from SIGTERM to the end, but for deregistering and `onStop` (at most 1 s each then). Default 10 000 ms. */
  readonly drainMs?: number;
  /**
   * How many requests are handled at a time; more wait for a moment in order of priority and then get 503 with `Retry-After`.
   * A number, or `"adaptive"`: as many as the service does without a queue, learnt from how long they take. Health checks
   * and what `exempt` says are not limited. Default: no limit.
   */
  readonly limit?: ServerLimit;
  /** Share the port with another process of ours. Default false. */
  readonly reusePort?: boolean;
  /**
   * A request without a body is over when the handler gets it: it emits no `end`. Saves a sixth of a small request's
   * time, for handlers that do not wait for the end of what has no body. Default false.
   */
  readonly endEmptyRequests?: boolean;
  /** Do not enter the registry. Default false. */
  readonly unregistered?: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
  /**
   * Stop on SIGTERM and SIGINT and end the process once all services in it have stopped; a second signal ends it at once.
   * Default true.
   */
  readonly handleSignals?: boolean;
}

/** What a running service stands on; tests bring their own. */
export interface Surroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly meters: MeterRegistry;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Default: that of the process. */
  readonly resilience?: Resilience;
  /** Makes spans of the requests served. Default: none. */
  readonly tracing?: Tracing;
}

export interface RunningService {
  readonly identity: Identity;
  readonly url: string;
  readonly port: number;
  readonly adminPort: number;
  readonly readiness: Readiness;
  /** Drains and stops; the second call gives the same promise. */
  stop(): Promise<void>;
}

/** Callers have so long to say that they have seen the drain, then it goes on without them. */
const awaitSeenMs = 2_000;
/** Connections without a request for so long are closed by us after all: their callers do not listen to the registry. */
const idleConnectionMs = 500;
/** More than that over what callers may take means that no registry answers: go on without. */
const registryExtraMs = 1_000;
const startingHealthEveryMs = 250;
const healthEveryMs = 2_000;
const healthMaxMs = 1_000;
const onStopMinMs = 1_000;
/** The last spans may take so long to be sent. */
const flushMaxMs = 500;

/** The meters of this process; `/metrics` shows them. */
export const processMeterRegistry: MeterRegistry = new MeterRegistry();

function systemSurroundings(): Surroundings {
  const clock = new SystemClock();
  const log = processLog(clock);
  return {
    clock,
    random: systemRandom(),
    log,
    meters: processMeterRegistry,
    environment: process.env,
    tracing: processTracing(),
  };
}

/**
 * Runs any Node handler as a service: measured, health-checked on its admin port, registered, and drained on SIGTERM so that
 * no caller notices.
 *
 * @throws what `listen` throws (EADDRINUSE …), PlatformError `OPTION_INVALID` for a bad environment and
 * `CONFIG_FILE_MALFORMED` for a configuration file that cannot be read.
 */
export async function serve(
  options: ServeOptions,
  surroundings: Surroundings = systemSurroundings(),
): Promise<RunningService> {
  // Those who bring their own surroundings bring their own properties.
  if (surroundings.environment === process.env) await processConfigReady();
  const service = new Service(options, surroundings);
  if (options.handleSignals ?? true) stopOnSignals(service, surroundings.log);
  await service.start();
  return service;
}

class Service implements RunningService {
  readonly identity: Identity;
  readonly #options: ServeOptions;
  readonly #in: Surroundings;
  readonly #app: AppServer;
  readonly #admin: ReturnType<typeof createAdminServer>;
  #registration: Registration | undefined;
  #readiness: Readiness = "starting";
  #reason = "starting";
  #healthTimer: Timer | undefined;
  /** The application's answer that is still to come. */
  #asked: Promise<boolean> | undefined;
  #startedAtMs: number;
  #stopping: Promise<void> | undefined;
  port = 0;
  adminPort = 0;

  constructor(options: ServeOptions, surroundings: Surroundings) {
    this.#options = options;
    this.#in = surroundings;
    this.identity = readIdentity(surroundings.environment, options.name);
    this.#startedAtMs = surroundings.clock.monotonicMs();
    const limit = serverLimit(surroundings, options.limit);
    this.#app = new AppServer(surroundings.clock, surroundings.log, surroundings.meters, {
      limiter: limit?.limiter,
      handler: options.handler,
      onUpgrade: options.onUpgrade,
      instanceId: this.identity.instanceId,
      reusePort: options.reusePort ?? false,
      endEmptyRequests: options.endEmptyRequests ?? false,
      tracer: surroundings.tracing?.tracer,
    });
    const { resilience = processResilience() } = surroundings;
    watchProcess(surroundings.meters);
    const readCommands = resilience.publisher(surroundings.meters);
    this.#admin = createAdminServer({
      identity: this.identity,
      meters: surroundings.meters,
      readProcess: () => {
        readCommands();
        limit?.read();
      },
      readiness: () => this.#readiness,
      reason: () => this.#reason,
      uptimeMs: () => Math.round(surroundings.clock.monotonicMs() - this.#startedAtMs),
      monotonicMs: () => surroundings.clock.monotonicMs(),
      resilience: () => ({ commands: resilience.report(), balancers: shownBalancers() }),
      streams: resilience.streams(),
      config: processConfigReport,
    });
  }

  get url(): string {
    return `http://${this.#host}:${this.port}`;
  }

  get readiness(): Readiness {
    return this.#readiness;
  }

  get #host(): string {
    return this.#options.host ?? this.identity.host;
  }

  async start(): Promise<void> {
    await this.#listen();
    if (this.identity.registries.length > 0 && this.#options.unregistered !== true)
      this.#registration = this.#newRegistration();
    await this.#checkHealth();
    // Stopped while it started: an instance that registers now would be called after its end.
    if (this.#stopping !== undefined) return;
    const registration = this.#registration;
    if (registration !== undefined) void registration.start();
    this.#planHealthCheck();
    const { service, instanceId, zone } = this.identity;
    const note = registration === undefined ? { note: "not started by Holdfast: not registered" } : {};
    this.#in.log.info("service.started", { service, instance: instanceId, zone, url: this.url, ...note });
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#drain();
    return this.#stopping;
  }

  async #drain(): Promise<void> {
    const { clock, log } = this.#in;
    const drainMs = this.#options.drainMs ?? 10_000;
    const endAtMs = clock.monotonicMs() + drainMs;
    this.#readiness = "draining";
    this.#reason = "draining";
    this.#healthTimer?.cancel();
    const seen = await this.#leaveRotation(drainMs);
    this.#app.startDraining();
    this.#options.onDrain?.();
    const leftMs = (): number => Math.max(0, endAtMs - clock.monotonicMs());
    const quiet = await this.#app.quiet(idleConnectionMs, leftMs());
    if (!quiet)
      log.warn("service.drain.bound", { inFlight: this.#app.inFlight, connections: this.#app.connections, drainMs });
    await this.#registration?.stop("stopped after its drain");
    await this.#app.close(leftMs());
    await this.#in.tracing?.flush(flushMaxMs);
    try {
      const stopping = async (): Promise<void> => this.#options.onStop?.();
      await within(clock, Math.max(onStopMinMs, leftMs()), `${this.identity.service}: onStop`, stopping());
    } finally {
      await this.#closeAdmin();
      log.info("service.stopped", { instance: this.identity.instanceId, seen, quiet });
    }
  }

  /** Resolves when callers have seen that we leave, or when that takes too long; registries that hang do not hold it up. */
  async #leaveRotation(drainMs: number): Promise<SeenAnswer | undefined> {
    const { clock, log } = this.#in;
    const seenMaxMs = Math.min(awaitSeenMs, drainMs);
    const saying = this.#registration?.setStatus("OUT_OF_SERVICE", seenMaxMs);
    if (saying === undefined) return undefined;
    try {
      return await within(clock, Math.min(seenMaxMs + registryExtraMs, drainMs), "leaving the registry", saying);
    } catch (error) {
      log.warn("service.drain.unseen", { error });
      return undefined;
    }
  }

  async #listen(): Promise<void> {
    // The admin port first: from it the zone agent tells a service that speaks for itself from one that does not.
    if (this.identity.adminPort !== undefined) this.adminPort = await this.#listenAdmin(this.identity.adminPort);
    try {
      this.port = await this.#app.listen(this.#host, this.#options.port ?? this.identity.port);
    } catch (error) {
      await this.#closeAdmin();
      throw error;
    }
  }

  #closeAdmin(): Promise<void> {
    this.#admin.closeAllConnections();
    return new Promise((resolve) => void this.#admin.close(() => resolve()));
  }

  #listenAdmin(port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#admin.once("error", reject);
      this.#admin.listen(port, this.#host, () => {
        this.#admin.off("error", reject);
        const bound = this.#admin.address();
        resolve(typeof bound === "object" && bound !== null ? bound.port : port);
      });
    });
  }

  #newRegistration(): Registration {
    const { clock, random, log } = this.#in;
    const identity = this.identity;
    const access = { registries: identity.registries, localAddress: localAddressOf(identity.host) };
    return new Registration(clock, random, log, access, {
      app: identity.service,
      id: identity.instanceId,
      incarnation: Math.round(clock.wallMs()),
      status: "STARTING",
      region: identity.region,
      zone: identity.zone,
      address: this.#host,
      port: this.port,
      ...(this.adminPort === 0 ? {} : { adminPort: this.adminPort }),
      application: identity.application,
      cluster: identity.cluster,
      serverGroup: identity.serverGroup,
      verifiesIdentity: true,
      metadata: this.#options.metadata ?? {},
    });
  }

  #planHealthCheck(): void {
    if (this.#options.health === undefined || this.#stopping !== undefined) return;
    const afterMs = this.#readiness === "starting" ? startingHealthEveryMs : healthEveryMs;
    this.#healthTimer = this.#in.clock.after(afterMs, () => {
      void this.#checkHealth().then(() => this.#planHealthCheck());
    });
  }

  async #checkHealth(): Promise<void> {
    const failure = await this.#healthFailure();
    if (this.#stopping !== undefined) return;
    const readiness: Readiness = failure === undefined ? "up" : this.#readiness === "starting" ? "starting" : "down";
    this.#reason = failure ?? "";
    if (readiness === this.#readiness) return;
    this.#readiness = readiness;
    const status: InstanceStatus = readiness === "up" ? "UP" : "DOWN";
    this.#in.log.info("service.health", { readiness, reason: this.#reason });
    // Not waited for: with every registry down it takes seconds, and the next check is due before.
    void this.#registration?.setStatus(status);
  }

  async #healthFailure(): Promise<string | undefined> {
    const check = this.#options.health;
    if (check === undefined) return undefined;
    const late = new AbortController();
    try {
      const timeout = this.#in.clock.sleep(healthMaxMs, late.signal).then(
        () => `its health check took longer than ${healthMaxMs} ms`,
        () => undefined,
      );
      this.#asked ??= (async () => check())().finally(() => (this.#asked = undefined));
      const result = this.#asked.then((healthy) => (healthy ? undefined : "its health check says no"));
      return await Promise.race([result, timeout]);
    } catch (error) {
      return `its health check failed: ${messageOf(error)}`;
    } finally {
      late.abort();
    }
  }
}
