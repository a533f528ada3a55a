import type { Registration } from "@holdfast/discovery";
import { type Timer, wholeBetween, within } from "@holdfast/kernel";
import { watchProcess } from "@holdfast/metrics";
import { createAdminServer } from "./admin/admin-server.ts";
import type { Readiness } from "./admin/admin-source.ts";
import { AppServer } from "./app-server.ts";
import { keepCode } from "./code-cache.ts";
import { HealthBoard } from "./health/health-board.ts";
import type { HealthCheck } from "./health/health-check.ts";
import { type Identity, readIdentity } from "./identity.ts";
import { Lifecycle } from "./lifecycle/lifecycle.ts";
import { bodyBytesDefault } from "./limits/body-limit.ts";
import { AccessLog } from "./logs/access-log.ts";
import { processLogs } from "./logs/process-logs.ts";
import { processConfig, processConfigReport } from "./process-config.ts";
import { knownInstances } from "./process-registry.ts";
import { processResilience, shownBalancers } from "./process-resilience.ts";
import { startPublishing } from "./publishing.ts";
import { leaveRotation, registrationOf } from "./registering.ts";
import type { RunningService, ServeOptions, Surroundings } from "./serve-options.ts";
import { serverLimit } from "./server-limit.ts";

/** Connections without a request for so long are closed by us after all: their callers do not listen to the registry. */
const idleConnectionMs = 500;
const onStopMinMs = 1_000;
/** Node's own. */
const requestDefaultMs = 300_000;
/** The last spans may take so long to be sent. */
const flushMaxMs = 500;

/**
 * The life of a service: admin port, components, application port, health, registry; and back. It is in the registry as UP
 * only when all of it is there, and nothing is stopped before the last request has been answered.
 */
export class Service implements RunningService {
  readonly identity: Identity;
  readonly #options: ServeOptions;
  readonly #in: Surroundings;
  readonly #app: AppServer;
  readonly #admin: ReturnType<typeof createAdminServer>;
  readonly #lifecycle: Lifecycle;
  readonly #board: HealthBoard;
  readonly #startedAtMs: number;
  #registration: Registration | undefined;
  #readiness: Readiness = "starting";
  #stopping: Promise<void> | undefined;
  #keeping: Timer | undefined;
  #stopPublishing: () => Promise<void> = async () => {};
  port = 0;
  adminPort = 0;

  constructor(options: ServeOptions, surroundings: Surroundings) {
    this.#options = options;
    this.#in = surroundings;
    const { clock, log, meters } = surroundings;
    this.identity = readIdentity(surroundings.environment, options.name);
    this.#startedAtMs = clock.monotonicMs();
    this.#lifecycle = new Lifecycle(clock, log, options.components ?? []);
    this.#board = new HealthBoard(clock, checksOf(options));
    const limit = serverLimit(surroundings, options.limit);
    this.#app = new AppServer(clock, log, meters, {
      limiter: limit?.limiter,
      handler: options.handler,
      onUpgrade: options.onUpgrade,
      instanceId: this.identity.instanceId,
      reusePort: options.reusePort ?? false,
      endEmptyRequests: options.endEmptyRequests ?? false,
      bodyBytesMax: bodyLimitOf(options),
      requestMaxMs: wholeBetween("requestMaxMs", options.requestMaxMs ?? requestDefaultMs, 1, 86_400_000),
      access: new AccessLog(log, surroundings.random.child("access"), surroundings.config),
      tracer: surroundings.tracing?.tracer,
    });
    const { resilience = processResilience() } = surroundings;
    watchProcess(meters);
    const logs = surroundings.logs ?? processLogs();
    const readCommands = resilience.publisher(meters);
    this.#admin = createAdminServer({
      identity: this.identity,
      meters,
      clock,
      environment: surroundings.environment,
      config: surroundings.config ?? processConfig(),
      configReport: processConfigReport,
      logs,
      instances: knownInstances,
      readProcess: () => {
        readCommands();
        limit?.read();
      },
      readiness: () => this.#readiness,
      reason: () => this.#reason(),
      health: () => this.#board.health,
      components: () => this.#lifecycle.report,
      uptimeMs: () => Math.round(clock.monotonicMs() - this.#startedAtMs),
      resilience: () => ({ commands: resilience.report(), balancers: shownBalancers() }),
      streams: resilience.streams(),
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

  /** Ends quietly when `stop` is called meanwhile. */
  async start(): Promise<void> {
    if (this.#stopping !== undefined) return;
    // The admin port first: from it the zone agent tells a service that speaks for itself from one that does not, and
    // people what a start is waiting for.
    if (this.identity.adminPort !== undefined) this.adminPort = await this.#listenAdmin(this.identity.adminPort);
    try {
      await this.#lifecycle.start();
      if (this.#stopping !== undefined) return;
      this.port = await this.#app.listen(this.#host, this.#options.port ?? this.identity.port);
    } catch (error) {
      await this.#lifecycle.stop();
      await this.#closeAdmin();
      throw error;
    }
    if (this.identity.registries.length > 0 && this.#options.unregistered !== true) {
      const place = { address: this.#host, port: this.port, adminPort: this.adminPort };
      this.#registration = registrationOf(this.#in, this.identity, {
        ...place,
        metadata: this.#options.metadata ?? {},
      });
    }
    await this.#board.start(() => this.#judge());
    // Stopped while it started: an instance that registers now would be called after its end.
    if (this.#stopping !== undefined) return;
    const registration = this.#registration;
    if (registration !== undefined) void registration.start();
    const { config } = this.#in;
    if (config !== undefined) this.#stopPublishing = startPublishing({ ...this.#in, config }, this.identity);
    this.#keeping = keepCode(this.#in.clock);
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
    this.#board.stop();
    this.#keeping?.cancel();
    const seen = await leaveRotation(this.#in, this.#registration, drainMs);
    this.#app.startDraining();
    this.#options.onDrain?.();
    const leftMs = (): number => Math.max(0, endAtMs - clock.monotonicMs());
    const quiet = await this.#app.quiet(idleConnectionMs, leftMs());
    if (!quiet)
      log.warn("service.drain.bound", { inFlight: this.#app.inFlight, connections: this.#app.connections, drainMs });
    await this.#registration?.stop("stopped after its drain");
    await this.#app.close(leftMs());
    await Promise.all([this.#in.tracing?.flush(flushMaxMs), this.#lastValues()]);
    try {
      const stopping = async (): Promise<void> => this.#options.onStop?.();
      await within(clock, Math.max(onStopMinMs, leftMs()), `${this.identity.service}: onStop`, stopping());
    } finally {
      await this.#lifecycle.stop();
      await this.#closeAdmin();
      log.info("service.stopped", { instance: this.identity.instanceId, seen, quiet });
    }
  }

  /** A receiver that does not answer holds no stop up. */
  async #lastValues(): Promise<void> {
    try {
      await within(this.#in.clock, flushMaxMs, "the last values of meters", this.#stopPublishing());
    } catch (error) {
      this.#in.log.warn("metrics.publisher.last", { error });
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

  /** Why it is not up, or what is degraded though it is. */
  #reason(): string {
    if (this.#readiness === "draining") return "draining";
    const waiting = this.#lifecycle.waitingFor;
    if (waiting !== "") return waiting;
    const { reason } = this.#board.health;
    return reason === "" && this.#readiness === "starting" ? "starting" : reason;
  }

  #judge(): void {
    if (this.#stopping !== undefined) return;
    const { isReady, reason } = this.#board.health;
    const readiness: Readiness = isReady ? "up" : this.#readiness === "starting" ? "starting" : "down";
    if (readiness === this.#readiness) return;
    this.#readiness = readiness;
    this.#in.log.info("service.health", { readiness, reason });
    // Not waited for: with every registry down it takes seconds, and the next check is due before.
    void this.#registration?.setStatus(readiness === "up" ? "UP" : "DOWN");
  }
}

function checksOf({ health, checks = [] }: ServeOptions): readonly HealthCheck[] {
  return health === undefined ? checks : [{ name: "health", check: health }, ...checks];
}

function bodyLimitOf({ bodyBytesMax = bodyBytesDefault }: ServeOptions): number {
  if (bodyBytesMax === Number.POSITIVE_INFINITY) return bodyBytesMax;
  return wholeBetween("bodyBytesMax", bodyBytesMax, 0, Number.MAX_SAFE_INTEGER);
}
