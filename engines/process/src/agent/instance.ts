import type { InstanceExit, InstanceHandle, InstanceRuntime, InstanceUsage } from "@holdfast/engine";
import type { Clock, Log, Random } from "@holdfast/kernel";
import { type EngineSignal, Env, type InstanceObservation, type InstanceState, type LaunchSpec } from "@holdfast/wire";
import { serveFully, startGently } from "../system/priority.ts";
import { parseCommand } from "./command.ts";
import { drainProcess } from "./drain.ts";
import { exitReason } from "./exit-reason.ts";
import type { HealthVerdict } from "./health-machine.ts";
import type { HealthProbe } from "./health-probe.ts";
import { HealthWatch } from "./health-watch.ts";
import { lastLine } from "./log-file.ts";
import { probePorts } from "./port-probe.ts";
import type { ForeignRegistration, RegistryDoor } from "./registry-door.ts";
import type { DrainOrder, InstanceEntry } from "./state-file.ts";
import type { StrayHunt } from "./stray-hunt.ts";

/** What an instance needs of its agent. */
export interface InstanceContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** What it runs in. */
  readonly runtime: InstanceRuntime;
  readonly probe: HealthProbe;
  readonly registry: RegistryDoor;
  readonly strays: StrayHunt;
  readonly logFileOf: (spec: LaunchSpec) => string;
  readonly environmentOf: (spec: LaunchSpec, token: string) => Record<string, string>;
  /** Called after each change that others can see. */
  readonly onChange: (instance: Instance) => void;
}

/** After the leader's end the rest of a draining group has until the drain's bound; it is looked at so often. */
const leftoverLookMs = 50;

/** It yields to the others until it is first healthy, and no longer than this. */
const gentleMs = 1_000;

/** One instance on this machine, from its launch (or adoption) to its end. */
export class Instance {
  readonly spec: LaunchSpec;
  readonly #context: InstanceContext;
  readonly #token: string;
  readonly #ended = new AbortController();
  readonly #logFile: string;
  #state: InstanceState = "starting";
  #reasonCode = "STARTING";
  #reason = "about to start";
  #startedAtMs: number;
  #sinceMs: number;
  #healthyAtMs: number | undefined;
  #exit: InstanceObservation["exit"];
  #handle: InstanceHandle | undefined;
  #watch: HealthWatch | undefined;
  #selfRegistering: boolean | undefined;
  #registration: ForeignRegistration | undefined;
  #drain: DrainOrder | undefined;
  #drainEndsAtMs = 0;
  #killed = false;
  #released = false;
  #asked: { signal: EngineSignal; cause: string } | undefined;
  #done: Promise<void> = Promise.resolve();

  constructor(context: InstanceContext, spec: LaunchSpec, token: string) {
    this.#context = context;
    this.spec = spec;
    this.#token = token;
    this.#logFile = context.logFileOf(spec);
    this.#startedAtMs = context.clock.wallMs();
    this.#sinceMs = this.#startedAtMs;
  }

  get state(): InstanceState {
    return this.#state;
  }

  get pid(): number | undefined {
    const pid = this.#handle?.identity.pid;
    return this.#state === "stopped" || pid === -1 ? undefined : pid;
  }

  get logFile(): string {
    return this.#logFile;
  }

  get observation(): InstanceObservation {
    return {
      spec: this.spec,
      state: this.#state,
      reason: this.#reason,
      reasonCode: this.#reasonCode,
      pid: this.pid,
      startedAtMs: this.#startedAtMs,
      sinceMs: this.#sinceMs,
      healthyAtMs: this.#healthyAtMs,
      exit: this.#exit,
      logFile: this.#logFile,
      registeredByEngine: this.#registration !== undefined,
    };
  }

  get entry(): InstanceEntry {
    return {
      spec: this.spec,
      token: this.#token,
      ...this.#handle?.identity,
      startedAtMs: this.#startedAtMs,
      state: this.#state,
      sinceMs: this.#sinceMs,
      ...(this.#healthyAtMs === undefined ? {} : { healthyAtMs: this.#healthyAtMs }),
      ...(this.#selfRegistering === undefined ? {} : { selfRegistering: this.#selfRegistering }),
      ...(this.#drain === undefined ? {} : { drain: this.#drain }),
    };
  }

  /** Starts the process. Resolves when it runs, or is stopped with the reason why it does not. Never throws. */
  async launch(): Promise<void> {
    const command = parseCommand(this.spec.run);
    if (command === undefined) {
      return this.#stop("COMMAND_INVALID", `run: \`${this.spec.run}\` is empty or has a quote that does not end`);
    }
    const { runtime } = this.#context;
    const obstacle = runtime.hasOwnNetwork(this.spec) ? undefined : await probePorts(this.spec);
    if (obstacle !== undefined) return this.#stop(obstacle.reasonCode, obstacle.reason);
    if (this.#drain !== undefined)
      return this.#stop("TERMINATED", `terminated before its start (${this.#drain.cause})`);
    this.#startedAtMs = this.#context.clock.wallMs();
    const environment = this.#context.environmentOf(this.spec, this.#token);
    const started = await runtime.start({ spec: this.spec, command, environment, logFile: this.#logFile });
    if (started.kind === "failed") return this.#stop(started.reasonCode, started.reason);
    if (started.logProblem !== undefined) {
      this.#context.log.warn("agent.log.not-written", { instance: this.spec.id, problem: started.logProblem });
    }
    this.#startGently(started.handle.identity.pid);
    this.#run(started.handle, `${nameOf(started.handle)} started`);
    // Terminated while it was starting: it is there now, so it can be.
    if (this.#drain !== undefined) this.#startDrain(this.#drain);
  }

  /** Takes over from the agent before this one; without a handle it has ended meanwhile, and nobody knows how. */
  adopt(entry: InstanceEntry, handle: InstanceHandle | undefined): void {
    this.#startedAtMs = entry.startedAtMs;
    this.#sinceMs = entry.sinceMs;
    this.#healthyAtMs = entry.healthyAtMs;
    this.#selfRegistering = entry.selfRegistering;
    if (handle === undefined) {
      this.#drain = entry.drain;
      this.#finished({ code: null, signal: null, known: false });
      return;
    }
    if (entry.state !== "stopped") this.#state = entry.state;
    if (entry.selfRegistering === false && entry.state !== "starting") this.#register(entry.state === "up", undefined);
    this.#run(handle, `${nameOf(handle)} adopted from the agent before`);
    this.#serveFully();
    if (entry.drain !== undefined) this.#startDrain(entry.drain);
  }

  /** Drains and ends it; `drainMsMax` shortens the spec's own bound. Resolves when it has ended. Idempotent. */
  async terminate(cause: string, drainMsMax = Number.POSITIVE_INFINITY): Promise<void> {
    if (this.#state === "stopped") return;
    const { clock } = this.#context;
    const endsAtMs = clock.wallMs() + Math.min(this.spec.drainMs, drainMsMax);
    if (this.#drain === undefined) this.#startDrain({ cause, endsAtMs });
    else if (endsAtMs < this.#drain.endsAtMs) void this.#killAt(endsAtMs);
    await this.#endedPromise();
  }

  /** Sends a signal to the whole group; resolves at once. Returns false when there is no process. */
  signal(signal: EngineSignal, cause: string): boolean {
    if (this.#state === "stopped" || this.#handle === undefined) return false;
    this.#asked = { signal, cause };
    return this.#handle.signal(signal, signal === "SIGTERM" ? "leader" : "all");
  }

  /** Lets go of the process without touching it. */
  release(): void {
    this.#released = true;
    this.#watch?.stop();
    // Its heartbeats are the next agent's.
    this.#registration?.end();
    this.#handle?.release();
  }

  /** What it uses now; `undefined` when it has ended, or that cannot be told. */
  async usage(): Promise<InstanceUsage | undefined> {
    return this.#state === "stopped" ? undefined : this.#handle?.usage();
  }

  /** Resolves when what an end sets off (the registries, leftovers) is done. */
  get settled(): Promise<void> {
    return this.#done;
  }

  #run(handle: InstanceHandle, reason: string): void {
    const { clock, probe } = this.#context;
    this.#handle = handle;
    this.#reason = reason;
    const aliveMs = Math.max(0, clock.wallMs() - this.#startedAtMs);
    const history = {
      startedAtMs: clock.monotonicMs() - aliveMs,
      healthyBefore: this.#healthyAtMs !== undefined,
    };
    const subject = { spec: this.spec, pid: handle.identity.pid, selfRegistering: this.#selfRegistering };
    this.#watch = new HealthWatch(clock, probe, subject, history, {
      onVerdict: (verdict) => this.#judge(verdict),
      onKind: (selfRegistering) => this.#learn(selfRegistering),
    });
    this.#watch.start();
    void handle.ended.then((exit) => this.#onExit(exit));
    this.#changed();
  }

  #judge(verdict: HealthVerdict): void {
    if (this.#state === "draining" || this.#state === "stopped") return;
    if (verdict.state === this.#state && verdict.reason === this.#reason) return;
    if (verdict.state !== this.#state) {
      if (verdict.state === "up") this.#firstUp();
      // From `starting` it was registered as up a moment ago, by the same look.
      if (verdict.state === "unhealthy") this.#registration?.down();
      else if (this.#state === "unhealthy") this.#registration?.up();
    }
    this.#set(verdict.state, verdict.reasonCode, verdict.reason);
  }

  /** For a while only: where the others leave no time at all it would never be there to help them. */
  #startGently(pid: number): void {
    startGently(pid);
    const timer = this.#context.clock.after(gentleMs, () => this.#serveFully());
    this.#ended.signal.addEventListener("abort", () => timer.cancel(), { once: true });
  }

  #serveFully(): void {
    if (this.#state !== "stopped" && this.#handle !== undefined) serveFully(this.#handle.identity.pid);
  }

  #firstUp(): void {
    this.#healthyAtMs ??= this.#context.clock.wallMs();
    if (this.#state === "starting") this.#serveFully();
  }

  #learn(selfRegistering: boolean): void {
    this.#selfRegistering = selfRegistering;
    if (!selfRegistering && this.#drain === undefined) this.#register(true, this.spec.env[Env.outOfService]);
    this.#changed();
  }

  #register(up: boolean, outOfService: string | undefined): void {
    const { spec } = this;
    const record = {
      app: spec.service,
      id: spec.id,
      // Later than any registration an earlier agent made for it: its versions are not known here.
      incarnation: this.#context.clock.wallMs(),
      status: up ? "UP" : "DOWN",
      region: spec.zone.regionName,
      zone: spec.zone.name,
      address: spec.address,
      port: spec.port,
      application: spec.application,
      cluster: spec.cluster,
      serverGroup: spec.serverGroup,
      verifiesIdentity: false,
      metadata: spec.place === undefined ? {} : { host: spec.place.host },
    } as const;
    this.#registration = this.#context.registry.register(record, outOfService);
  }

  #startDrain(order: DrainOrder): void {
    this.#drain = order;
    if (this.#state === "starting") this.#serveFully();
    this.#set("draining", "DRAINING", `draining: ${order.cause}`);
    void this.#drainNow(order);
  }

  async #drainNow(order: DrainOrder): Promise<void> {
    const { clock } = this.#context;
    const handle = this.#handle;
    if (handle === undefined) return;
    this.#watch?.stop();
    this.#drainEndsAtMs = clock.monotonicMs() + Math.max(0, order.endsAtMs - clock.wallMs());
    const subject = { spec: this.spec, handle, registration: this.#registration };
    const { killed } = await drainProcess(clock, subject, this.#drainEndsAtMs, this.#ended.signal);
    if (killed) this.#killed = true;
  }

  async #killAt(endsAtMs: number): Promise<void> {
    const { clock } = this.#context;
    try {
      await clock.sleep(Math.max(0, endsAtMs - clock.wallMs()), this.#ended.signal);
    } catch {
      return;
    }
    this.#drainEndsAtMs = clock.monotonicMs();
    this.#killed = true;
    this.#handle?.signal("SIGKILL", "all");
  }

  async #onExit(exit: InstanceExit): Promise<void> {
    // Its end is the next agent's to find and tell.
    if (this.#released) return;
    this.#watch?.stop();
    if (this.#drain !== undefined) await this.#drainLeftovers();
    else this.#handle?.signal("SIGKILL", "all");
    this.#finished(exit);
  }

  /** The leader has ended; the others of its group get SIGTERM and the rest of the drain time. */
  async #drainLeftovers(): Promise<void> {
    const { clock } = this.#context;
    const handle = this.#handle;
    if (handle === undefined || !handle.hasLeftovers()) return;
    handle.signal("SIGTERM", "all");
    while (handle.hasLeftovers() && clock.monotonicMs() < this.#drainEndsAtMs) await clock.sleep(leftoverLookMs);
    handle.signal("SIGKILL", "all");
  }

  #finished(exit: InstanceExit): void {
    const { clock } = this.#context;
    const why = exitReason({
      exit,
      livedMs: Math.max(0, clock.wallMs() - this.#startedAtMs),
      lastLine: lastLine(this.#logFile),
      shell: parseCommand(this.spec.run)?.shell ?? false,
      run: this.spec.run,
      drainCause: this.#drain?.cause,
      killed: this.#killed,
      memoryBytesMax: this.spec.resources?.memoryBytes,
      asked: this.#asked,
    });
    this.#exit = { code: exit.code, signal: exit.signal };
    this.#registration?.end();
    this.#done = this.#context.registry.remove(this.spec.service, this.spec.id, why.reason);
    this.#stop(why.reasonCode, why.reason);
    this.#context.strays.hunt(this.spec.id);
  }

  #stop(reasonCode: string, reason: string): void {
    this.#set("stopped", reasonCode, reason);
    this.#ended.abort();
  }

  #set(state: InstanceState, reasonCode: string, reason: string): void {
    if (this.#state !== state) this.#sinceMs = this.#context.clock.wallMs();
    this.#state = state;
    this.#reasonCode = reasonCode;
    this.#reason = reason;
    this.#changed();
  }

  #changed(): void {
    this.#context.onChange(this);
  }

  #endedPromise(): Promise<void> {
    const { signal } = this.#ended;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  }
}

function nameOf({ identity }: InstanceHandle): string {
  return identity.pid === -1 ? "container" : `process ${identity.pid}`;
}
