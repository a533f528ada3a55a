import { BalancedClient, type ConfiguredServers, combinedServers, configuredServers } from "@holdfast/client";
import type { Config } from "@holdfast/config";
import { Discovery, type ServerList, staticServers } from "@holdfast/discovery";
import { hasCode } from "@holdfast/kernel";
import { SpectatordReceiver } from "@holdfast/metrics";
import type { Resilience } from "@holdfast/resilience";
import { type Identity, localAddressOf, readIdentity, type Surroundings } from "@holdfast/service";
import { LocalApi } from "../api/local-api.ts";
import { checkSidecarOptions, type SidecarOptions } from "../options.ts";
import { httpCheck, type ParentCheck, tcpCheck } from "../parent/parent-check.ts";
import { parentEnvironment } from "../parent/parent-environment.ts";
import { exitCodeOf, type ParentExit, ParentProcess } from "../parent/parent-process.ts";
import { ParentWatch } from "../parent/parent-watch.ts";
import { Beside } from "./beside.ts";
import { freePort } from "./free-port.ts";
import { InFront } from "./in-front.ts";
import type { Presence } from "./presence.ts";

export interface SidecarSurroundings extends Surroundings {
  readonly config: Config;
  readonly resilience: Resilience;
  /**
   * Whose servers may be called. Default: what the environment's registries know. What the configuration lists
   * (`{app}.ribbon.listOfServers`) comes first.
   */
  readonly servers?: ServerList;
  /** Called once with the client that the parent's calls go through, for whoever shows its balancers. */
  readonly onClient?: (client: BalancedClient) => void;
}

export interface RunningSidecar {
  readonly identity: Identity;
  /** Where the parent finds us. */
  readonly apiUrl: string;
  /** Where callers come. */
  readonly url: string;
  /** Resolves with an exit code when all has ended: the parent's own, else 0. */
  readonly ended: Promise<number>;
  /** Out of rotation, then the signal to the parent, then the end. The second call only passes its signal on. */
  stop(signal: NodeJS.Signals): Promise<number>;
  /** Only passes a signal on to the parent. */
  signal(signal: NodeJS.Signals): void;
}

/** A parent in whose time to end nothing is left gets so long all the same. */
const parentGraceMinMs = 500;

/**
 * Starts a sidecar: its API, the parent when it has a command, and the parent's presence in the registry.
 *
 * @throws OptionError; PlatformError `COMMAND_NOT_FOUND` …; and what `listen` throws.
 */
export async function startSidecar(
  options: SidecarOptions,
  surroundings: SidecarSurroundings,
): Promise<RunningSidecar> {
  const sidecar = new Sidecar(checkSidecarOptions(options), surroundings);
  try {
    await sidecar.start();
    return sidecar;
  } catch (error) {
    await sidecar.abandon();
    throw error;
  }
}

class Sidecar implements RunningSidecar {
  readonly identity: Identity;
  readonly ended: Promise<number>;
  readonly #in: SidecarSurroundings;
  readonly #endedWith: (code: number) => void;
  readonly #discovery: Discovery | undefined;
  readonly #configured: ConfiguredServers;
  readonly #client: BalancedClient;
  readonly #api: LocalApi;
  #options: SidecarOptions;
  #check: ParentCheck = () => Promise.resolve({ kind: "starting", detail: "the sidecar starts" });
  #watch: ParentWatch | undefined;
  #presence: Presence | undefined;
  #parent: ParentProcess | undefined;
  #receiver: SpectatordReceiver | undefined;
  #metersUrl: string | undefined;
  #stopping: Promise<number> | undefined;
  apiUrl = "";

  constructor(options: SidecarOptions, surroundings: SidecarSurroundings) {
    const { clock, random, log, meters, config, resilience, environment } = surroundings;
    this.#options = options;
    this.#in = surroundings;
    this.identity = readIdentity(environment, options.app);
    const { promise, resolve } = Promise.withResolvers<number>();
    this.ended = promise;
    this.#endedWith = resolve;
    const { registries, lastViewFile, zone, service: app, instanceId: subsetAs } = this.identity;
    const localAddress = localAddressOf(this.identity.host);
    if (surroundings.servers === undefined && registries.length > 0) {
      this.#discovery = new Discovery(clock, random.child("discovery"), log, {
        registries,
        lastViewFile,
        localAddress,
      });
    }
    const known = surroundings.servers ?? this.#discovery ?? staticServers({});
    this.#configured = configuredServers(config, log);
    const servers = combinedServers(this.#configured, known);
    const how = { zone, app, subsetAs, localAddress, concurrentMax };
    this.#client = new BalancedClient(servers, clock, random.child("client"), how, { meters, resilience, config, log });
    surroundings.onClient?.(this.#client);
    this.#api = new LocalApi(clock, log, {
      config,
      servers,
      client: this.#client,
      meters,
      readMeters: resilience.publisher(meters),
      streams: resilience.streams(),
      status: () => this.#presence?.status ?? "STARTING",
      check: () => this.#check(),
    });
  }

  get url(): string {
    return this.#presence?.url ?? "";
  }

  async start(): Promise<void> {
    const { clock, log, environment } = this.#in;
    this.#discovery?.start();
    await this.#listen();
    await this.#hearMeters();
    const { inFront, parentHost, command } = this.#options;
    if (this.#options.parentPort === 0) {
      this.#options = { ...this.#options, parentPort: await freePort(parentHost) };
    }
    const { parentPort } = this.#options;
    this.#check = this.#makeCheck();
    if (command !== undefined) {
      const address = { host: parentHost, port: parentPort };
      const own = parentEnvironment(environment, address, { api: this.apiUrl, meters: this.#metersUrl });
      this.#parent = await ParentProcess.start(clock, command, own);
      void this.#parent.ended.then((exit) => this.#parentEnded(exit));
    }
    const watch = new ParentWatch(clock, this.#check, (state, reason) => {
      log.info("sidecar.parent", { state, reason });
      this.#presence?.parentTurned();
    });
    this.#watch = watch;
    await watch.start();
    // It may have ended by now: what enters the registry after that would stay there.
    if (this.#stopping !== undefined) return;
    this.#presence = inFront
      ? await InFront.start(this.#in, this.identity, this.#options, watch)
      : new Beside(this.#in, this.identity, this.#options, watch);
    if (this.#stopping !== undefined) return this.#presence.leave("its program ended", 0);
    const { service, instanceId } = this.identity;
    log.info("sidecar.started", { service, instance: instanceId, api: this.apiUrl, url: this.url });
  }

  /** What a start that failed has left behind. */
  async abandon(): Promise<void> {
    await this.#parent?.stop("SIGTERM", parentGraceMinMs);
    await this.#close();
  }

  stop(signal: NodeJS.Signals): Promise<number> {
    if (this.#stopping !== undefined) this.#parent?.signal(signal);
    this.#stopping ??= this.#stop(signal);
    return this.#stopping;
  }

  signal(signal: NodeJS.Signals): void {
    this.#parent?.signal(signal);
  }

  async #stop(signal: NodeJS.Signals): Promise<number> {
    const { clock, log } = this.#in;
    const { drainMs } = this.#options;
    const endAtMs = clock.monotonicMs() + drainMs;
    this.#watch?.close();
    await this.#presence?.leave(`drained on ${signal}`, drainMs).catch((error: unknown) => {
      log.error("sidecar.drain.failed", { error });
    });
    const graceMs = Math.max(parentGraceMinMs, endAtMs - clock.monotonicMs());
    const exit = await this.#parent?.stop(signal, graceMs);
    return this.#finish(exit);
  }

  /** It has ended by itself: nobody is to come to it any more, and whoever started us is to know. */
  async #parentEnded(exit: ParentExit): Promise<void> {
    if (this.#stopping !== undefined) return;
    this.#in.log.error("sidecar.parent.ended", { ...exit });
    this.#watch?.close();
    const leaving = this.#presence?.leave(`its program ended (${exit.signal ?? `code ${exit.code}`})`, 0);
    this.#stopping = Promise.resolve(leaving).then(
      () => this.#finish(exit),
      () => this.#finish(exit),
    );
    await this.#stopping;
  }

  async #finish(exit: ParentExit | undefined): Promise<number> {
    await this.#close();
    const code = exit === undefined ? 0 : exitCodeOf(exit);
    this.#in.log.info("sidecar.stopped", { code });
    this.#endedWith(code);
    return code;
  }

  async #close(): Promise<void> {
    this.#watch?.close();
    await this.#receiver?.close();
    await this.#discovery?.stop();
    await this.#api.close();
    await this.#client.close();
    this.#configured.close();
  }

  async #listen(): Promise<void> {
    const { apiHost, apiPort, anyApiPort } = this.#options;
    const port = await this.#api.listen(apiHost, apiPort).catch((error: unknown) => {
      if (!anyApiPort || !hasCode(error, "EADDRINUSE")) throw error;
      return this.#api.listen(apiHost, 0);
    });
    this.apiUrl = `http://${apiHost.includes(":") ? `[${apiHost}]` : apiHost}:${port}`;
  }

  /** Meters are welcome, and nobody's death: another program may have spectatord's port. */
  async #hearMeters(): Promise<void> {
    const { apiHost, metersPort, anyApiPort } = this.#options;
    if (metersPort === undefined) return;
    const { clock, log, meters } = this.#in;
    for (const port of anyApiPort ? [metersPort, 0] : [metersPort]) {
      const receiver = new SpectatordReceiver(clock, log, meters, { host: apiHost, port });
      try {
        this.#metersUrl = `udp://${apiHost}:${await receiver.start()}`;
        this.#receiver = receiver;
        return;
      } catch (error) {
        log.warn("sidecar.meters.unheard", { port, error });
      }
    }
  }

  #makeCheck(): ParentCheck {
    const { clock, config } = this.#in;
    const { healthUrl, healthPath, healthTimeoutMs, parentHost, parentPort } = this.#options;
    const url = healthUrl ?? (healthPath === undefined ? undefined : `http://${parentHost}:${parentPort}${healthPath}`);
    // Prana's names, which may change while it runs.
    const said = config.property("prana.host.healthcheck.url", url ?? "");
    const timeout = config.property("prana.host.healthcheck.timeout", healthTimeoutMs);
    const http = httpCheck(
      clock,
      () => said.get(),
      () => Math.max(1, timeout.get()),
    );
    const tcp = tcpCheck(clock, parentHost, parentPort, healthTimeoutMs);
    return () => (said.get() === "" ? tcp() : http());
  }
}

/** Calls of one service under way at a time; Prana's connections in all. */
const concurrentMax = 2_000;
