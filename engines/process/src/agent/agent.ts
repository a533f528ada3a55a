import { mkdirSync, unlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import type { InstanceHandle, InstanceRuntime, InstanceUsage } from "@holdfast/engine";
import {
  type Clock,
  type InstanceId,
  type Log,
  PlatformError,
  type Random,
  type Timer,
  within,
} from "@holdfast/kernel";
import type { MeterSnapshot } from "@holdfast/metrics";
import type {
  AgentSettings,
  EngineSignal,
  HttpAnswer,
  HttpQuestion,
  InstanceObservation,
  InstanceState,
  InstanceUse,
  LaunchSpec,
} from "@holdfast/wire";
import { tokenMaker } from "../instance-token.ts";
import { bootId } from "../system/processes.ts";
import { AgentMeters, usageSnapshots } from "./agent-meters.ts";
import { environmentOf } from "./environment.ts";
import { HealthProbe } from "./health-probe.ts";
import { Instance, type InstanceContext } from "./instance.ts";
import { boundLog } from "./log-file.ts";
import type { RegistryDoor } from "./registry-door.ts";
import { type AgentState, type InstanceEntry, readAgentState, StateWriter } from "./state-file.ts";
import { StrayHunt } from "./stray-hunt.ts";

export interface AgentTimings {
  /** A stopped instance is listed so long, then forgotten, in ms. */
  readonly forgetAfterMs: number;
  /** Log sizes are looked at so often, in ms. */
  readonly logCheckMs: number;
  /** Logs of forgotten instances that are kept. */
  readonly oldLogsMax: number;
}

export const agentTimingsDefaults: AgentTimings = { forgetAfterMs: 60_000, logCheckMs: 5_000, oldLogsMax: 50 };

export interface AgentHealth {
  readonly zone: string;
  readonly pid: number;
  readonly epoch: number;
  readonly startedAtMs: number;
  readonly instances: number;
  /** Why the state file could not be written; empty when it could. */
  readonly stateProblem: string;
  /** Why instances cannot be started or watched at the moment (a container engine that does not answer); empty when they can. */
  readonly runtimeProblem: string;
}

/** The intent to start something is on disk before it starts; a disk slower than this does not hold it up. */
const intentMs = 500;
/** Of what is on this machine's disk an instance with files of its own sees nothing; its image has a Node of its own. */
const strangeFiles = {
  nodePath: "/usr/local/bin/node",
  imageDirectory: "/app",
  codeCache: undefined,
  lastViewFile: undefined,
  configSnapshot: undefined,
} as const;
/** After a shutdown, the news of the deaths may take so long to reach the registries. */
const farewellMs = 1_000;
/** An order is answered by then, started or not: taking in an image, or making a machine in a cloud, takes longer. */
const acceptMs = 5_000;
/** Removing ended containers may take their engine so long; what is left then is removed by the next agent. */
const forgetMs = 3_000;

/** Parents the instances of one zone: starts, watches, ends and adopts them. */
export class ZoneAgent {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #settings: AgentSettings;
  readonly #timings: AgentTimings;
  readonly #context: InstanceContext;
  readonly #probe: HealthProbe;
  readonly #registry: RegistryDoor;
  readonly #runtime: InstanceRuntime;
  readonly #writer: StateWriter;
  readonly #strays: StrayHunt;
  readonly #boot = bootId();
  readonly #startedAtMs: number;
  readonly #tokenOf: (id: InstanceId) => string;
  readonly #instances = new Map<InstanceId, Instance>();
  readonly #launches = new Map<InstanceId, Promise<void>>();
  readonly #listeners = new Set<(observation: InstanceObservation) => void>();
  readonly #timers = new Set<Timer>();
  readonly #meters = new AgentMeters();
  readonly #lastStates = new Map<InstanceId, InstanceState>();
  #oldLogs: string[] = [];
  #epoch = 0;
  #stopping = false;

  constructor(
    clock: Clock,
    random: Random,
    log: Log,
    registry: RegistryDoor,
    runtime: InstanceRuntime,
    settings: AgentSettings,
    timings: Partial<AgentTimings> = {},
  ) {
    this.#clock = clock;
    this.#log = log;
    this.#settings = settings;
    this.#timings = { ...agentTimingsDefaults, ...timings };
    this.#registry = registry;
    this.#runtime = runtime;
    this.#startedAtMs = clock.wallMs();
    this.#tokenOf = tokenMaker(settings.instanceKeyFile);
    this.#probe = new HealthProbe(clock);
    this.#writer = new StateWriter(clock, log, settings.stateFile, () => this.#state());
    this.#strays = new StrayHunt(clock, log);
    this.#context = {
      clock,
      random,
      log,
      runtime,
      probe: this.#probe,
      registry,
      strays: this.#strays,
      logFileOf: (spec) => join(settings.logDirectory, `${spec.id}.log`),
      environmentOf: (spec, token) => this.#environmentOf(spec, token),
      onChange: (instance) => this.#onChange(instance),
    };
  }

  /**
   * Adopts what an earlier agent left, and begins to look after logs.
   *
   * @throws PlatformError `AGENT_STATE_UNREADABLE`: starting without knowing one's instances would orphan them.
   */
  async start(): Promise<void> {
    for (const directory of [this.#settings.logDirectory, dirname(this.#settings.stateFile)]) {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
    }
    const state = readAgentState(this.#settings.stateFile);
    await this.#adopt(state);
    this.#timers.add(this.#clock.every(this.#timings.logCheckMs, () => this.#boundLogs()));
    this.#writer.mark();
  }

  get health(): AgentHealth {
    return {
      zone: this.#settings.zone.name,
      pid: process.pid,
      epoch: this.#epoch,
      startedAtMs: this.#startedAtMs,
      instances: this.#instances.size,
      stateProblem: this.#writer.problem,
      runtimeProblem: this.#runtime.problem,
    };
  }

  /** Its counts, and what each instance uses now. */
  async meters(): Promise<MeterSnapshot[]> {
    const uses = await this.uses([...this.#instances.keys()]);
    return [...this.#meters.snapshot(this.list()), ...usageSnapshots(uses, (id) => this.#instances.get(id)?.spec)];
  }

  /**
   * Notes the epoch of a commander.
   *
   * @throws PlatformError `EPOCH_STALE` (409) when a higher one has commanded already.
   */
  acceptEpoch(epoch: number): void {
    if (epoch < this.#epoch) {
      throw new PlatformError("EPOCH_STALE", `agent ${this.#settings.zone.name}: epoch ${epoch} is over`, {
        details: { epoch, current: this.#epoch },
        next: `another controller with epoch ${this.#epoch} commands this zone; stop this one`,
        status: 409,
      });
    }
    if (epoch === this.#epoch) return;
    this.#epoch = epoch;
    this.#writer.mark();
  }

  list(): InstanceObservation[] {
    return Array.from(this.#instances.values(), (instance) => instance.observation);
  }

  /** What an instance uses now; `undefined` for one that is unknown or has ended, and where that cannot be told. */
  async usage(id: InstanceId): Promise<InstanceUsage | undefined> {
    return this.#instances.get(id)?.usage();
  }

  /** What these use, asked all at once; those that nothing can be said of are left out. */
  async uses(ids: readonly InstanceId[]): Promise<readonly InstanceUse[]> {
    const asked = ids.map(async (id): Promise<InstanceUse | undefined> => {
      const usage = await this.usage(id);
      return usage === undefined ? undefined : { id, ...usage };
    });
    return (await Promise.all(asked)).filter((use) => use !== undefined);
  }

  /** Calls `listener` after each change until the returned function is called. */
  subscribe(listener: (observation: InstanceObservation) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Starts an instance; one with this id that exists already is returned as it is. Resolves when it runs, or is known not to,
   * or after 5 s: starting goes on then, and its outcome is told as a change.
   *
   * @throws PlatformError `AGENT_STOPPING` (503) during a shutdown, `ZONE_WRONG` (409) for another zone's instance.
   */
  async launch(spec: LaunchSpec): Promise<InstanceObservation> {
    const zone = this.#settings.zone.name;
    if (this.#stopping) throw new PlatformError("AGENT_STOPPING", `agent ${zone}: is shutting down`, { status: 503 });
    if (spec.zone.name !== zone) {
      const next = "send it to the agent of its own zone";
      throw new PlatformError("ZONE_WRONG", `${spec.id}: is for ${spec.zone.name}, not ${zone}`, { status: 409, next });
    }
    const known = this.#instances.get(spec.id);
    if (known !== undefined) {
      await this.#started(spec.id);
      return known.observation;
    }
    const instance = new Instance(this.#context, spec, this.#tokenOf(spec.id));
    this.#instances.set(spec.id, instance);
    const launch = this.#launch(instance).finally(() => this.#launches.delete(spec.id));
    this.#launches.set(spec.id, launch);
    await this.#started(spec.id);
    return instance.observation;
  }

  /** Accepts the order to drain and end an instance; `undefined` for an unknown id. The promise inside ends with it. */
  terminate(id: InstanceId, cause: string): { readonly ended: Promise<void> } | undefined {
    const instance = this.#instances.get(id);
    return instance === undefined ? undefined : { ended: instance.terminate(cause) };
  }

  /** Sends a signal to an instance's processes. False when there are none. */
  signal(id: InstanceId, signal: EngineSignal, cause: string): boolean {
    const sent = this.#instances.get(id)?.signal(signal, cause) ?? false;
    this.#log.info("agent.instance.signal", { instance: id, signal, cause, sent });
    return sent;
  }

  /** Asks instances over HTTP, all at once; those that do not stand are left out. */
  async ask(questions: readonly HttpQuestion[]): Promise<readonly HttpAnswer[]> {
    const asked = questions.map(async ({ id, path, timeoutMs }): Promise<HttpAnswer | undefined> => {
      const instance = this.#instances.get(id);
      if (instance === undefined || instance.state === "stopped") return undefined;
      const answer = await this.#probe.ask(instance.spec, path, timeoutMs);
      return answer === undefined ? undefined : { id, ...answer };
    });
    return (await Promise.all(asked)).filter((answer) => answer !== undefined);
  }

  /**
   * Ends all instances in parallel, the registries last so that the others can drain, each within `graceMs`.
   * Nothing can be launched afterwards. Resolves with how many were ended, when no process is left.
   */
  async shutdown(graceMs: number): Promise<{ readonly ended: number }> {
    this.#stopping = true;
    const running = [...this.#instances.values()].filter((instance) => instance.state !== "stopped");
    const endMs = this.#clock.monotonicMs() + graceMs;
    const left = (): number => Math.max(0, endMs - this.#clock.monotonicMs());
    const end = (wave: readonly Instance[]): Promise<unknown> =>
      Promise.all(wave.map((instance) => instance.terminate("the stack is shutting down", left())));
    await end(running.filter((instance) => instance.spec.kind !== "registry"));
    await end(running.filter((instance) => instance.spec.kind === "registry"));
    this.#strays.finish();
    const farewells = Promise.allSettled(running.map((instance) => instance.settled));
    await within(this.#clock, farewellMs, "news to the registries", farewells).catch(() => {});
    const forgotten = Promise.all(Array.from(this.#instances.values(), ({ spec }) => this.#runtime.forget(spec)));
    await within(this.#clock, forgetMs, "the removal of what ended", forgotten).catch(() => {});
    await this.#writer.flush();
    return { ended: running.length };
  }

  /** Lets go of everything without touching a process: what an agent does before it ends for its successor. */
  async close(): Promise<void> {
    this.#stopping = true;
    for (const timer of this.#timers) timer.cancel();
    this.#strays.finish();
    for (const instance of this.#instances.values()) instance.release();
    await this.#writer.close();
    this.#listeners.clear();
    this.#probe.close();
    this.#registry.close();
    await this.#runtime.close();
  }

  /** Waits until an instance has started, but no longer than an order may go unanswered. */
  async #started(id: InstanceId): Promise<void> {
    const launch = this.#launches.get(id);
    if (launch !== undefined) await within(this.#clock, acceptMs, "its start", launch).catch(() => {});
  }

  async #launch(instance: Instance): Promise<void> {
    // Should this agent be killed right now, the next one must know what to look for.
    await within(this.#clock, intentMs, "the state file", this.#writer.flush()).catch(() => {});
    await instance.launch();
  }

  async #adopt(state: AgentState | undefined): Promise<void> {
    this.#epoch = state?.epoch ?? 0;
    this.#oldLogs = [...(state?.oldLogs ?? [])];
    const entries = state?.instances ?? [];
    const handles = state?.boot === this.#boot ? await this.#handlesOf(entries) : new Map<string, InstanceHandle>();
    for (const entry of entries) {
      const instance = new Instance(this.#context, entry.spec, entry.token);
      this.#instances.set(entry.spec.id, instance);
      instance.adopt(entry, handles.get(entry.spec.id));
    }
    for (const { spec, startedAtMs, handle } of await this.#runtime.strangers(new Set(this.#instances.keys()))) {
      const token = this.#tokenOf(spec.id);
      const instance = new Instance(this.#context, spec, token);
      this.#instances.set(spec.id, instance);
      instance.adopt({ spec, token, startedAtMs, state: "starting", sinceMs: startedAtMs }, handle);
    }
    if (this.#instances.size === 0) return;
    const adopted = this.list().filter((observation) => observation.state !== "stopped").length;
    this.#log.info("agent.adopted", { adopted, ended: this.#instances.size - adopted });
  }

  #handlesOf(entries: readonly InstanceEntry[]): Promise<ReadonlyMap<string, InstanceHandle>> {
    return this.#runtime.adopt(
      entries.map(({ spec, pid, startTime }) => ({
        spec,
        mark: pid === undefined || startTime === undefined ? undefined : { pid, startTime },
        logFile: this.#context.logFileOf(spec),
      })),
    );
  }

  #onChange(instance: Instance): void {
    const { observation } = instance;
    const { state, reason, reasonCode, pid } = observation;
    this.#meters.changed(observation, this.#lastStates.get(instance.spec.id));
    this.#lastStates.set(instance.spec.id, state);
    this.#log.info("agent.instance", {
      instance: instance.spec.id,
      service: instance.spec.service,
      state,
      reasonCode,
      reason,
      pid,
    });
    for (const listener of this.#listeners) listener(observation);
    if (state === "stopped") this.#forgetLater(instance);
    this.#writer.mark();
  }

  #forgetLater(instance: Instance): void {
    const timer = this.#clock.after(this.#timings.forgetAfterMs, () => {
      this.#timers.delete(timer);
      this.#instances.delete(instance.spec.id);
      this.#lastStates.delete(instance.spec.id);
      void this.#runtime.forget(instance.spec);
      this.#keepLog(instance.logFile);
      this.#writer.mark();
    });
    this.#timers.add(timer);
  }

  #keepLog(path: string): void {
    this.#oldLogs.push(path);
    while (this.#oldLogs.length > this.#timings.oldLogsMax) {
      const oldest = this.#oldLogs.shift() ?? "";
      for (const file of [oldest, `${oldest}.1`]) removeFile(file);
    }
  }

  #boundLogs(): void {
    for (const { spec, logFile } of this.#instances.values()) {
      try {
        boundLog(logFile, spec.logBytesMax);
      } catch (error) {
        this.#log.warn("agent.log.not-bounded", { path: logFile, error });
      }
    }
  }

  #environmentOf(spec: LaunchSpec, token: string): Record<string, string> {
    const { viewDirectory, registries, configServers = [], otlpEndpoint, codeCache } = this.#settings;
    const kept = `${spec.service}.${this.#settings.zone.name}`;
    const files =
      viewDirectory === undefined
        ? { lastViewFile: undefined, configSnapshot: undefined }
        : {
            lastViewFile: join(viewDirectory, `${kept}.json`),
            configSnapshot: join(viewDirectory, `${kept}.config.json`),
          };
    const facts = { nodePath: process.execPath, registries, configServers, otlpEndpoint, codeCache, token, ...files };
    if (this.#runtime.sharesFiles(spec)) return environmentOf(spec, facts, process.env);
    return environmentOf(spec, { ...facts, ...strangeFiles }, {});
  }

  #state(): AgentState {
    const all = [...this.#instances.values()];
    const stopped = all.filter((instance) => instance.state === "stopped").map((instance) => instance.logFile);
    return {
      format: 1,
      boot: this.#boot,
      epoch: this.#epoch,
      instances: all.filter((instance) => instance.state !== "stopped").map((instance) => instance.entry),
      oldLogs: [...this.#oldLogs, ...stopped],
    };
  }
}

function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Gone already, or not removable: its size is bounded anyway.
  }
}
