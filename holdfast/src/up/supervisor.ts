import { rmSync } from "node:fs";
import { endHolder, shutDownAgent } from "@holdfast/engine-process";
import { type Clock, messageOf, parseDurationMs, type Random, type Zone } from "@holdfast/kernel";
import { operatorAddress } from "@holdfast/wire";
import type { StatusView } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { bakeApplication } from "../app-file/load-application.ts";
import { ControlClient } from "../stack/control-client.ts";
import { runFiles } from "../stack/directories.ts";
import { ensureInstanceKey } from "../stack/instance-key.ts";
import { isRunning, signalProcess } from "../stack/processes.ts";
import {
  killEverything,
  type OwnProcess,
  readOwnProcesses,
  runningInstances,
  stopRemains,
  writeOwnProcesses,
} from "../stack/remains.ts";
import { briefOf, type UpEvent, type UpUrls } from "./events.ts";
import { ManagedProcess, type ProcessChange, type ProgramSpec } from "./managed-process.ts";
import { ensureNetwork, renewNetwork, type StackNetwork } from "./network.ts";
import type { UpOptions } from "./plan.ts";
import { copyPlatform, removeOlderPlatforms } from "./platform-copy.ts";
import { type PreparedStack, prepareStack } from "./prepare-stack.ts";
import { agentName, agentProgram, controlProgram, doorPrograms, fingerprintOf } from "./programs-of-stack.ts";
import { UpSocket } from "./up-socket.ts";

const networkLookMs = 1_000;

type State = "starting" | "ready" | "stopping" | "stopped";

/**
 * Brings a stack up and keeps control and the agents running until told to stop. Control keeps everything else running.
 */
export class Supervisor {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #options: UpOptions;
  readonly #onEvent: (event: UpEvent) => void;
  readonly #programs: ManagedProcess[] = [];
  readonly #end = new AbortController();
  readonly #fromMs: number;
  readonly #since: string;
  #prepared: PreparedStack | undefined;
  #control: ControlClient | undefined;
  #socket: UpSocket | undefined;
  #network: StackNetwork | undefined;
  #state: State = "starting";
  #stopped: Promise<void> | undefined;
  #announceFinished: () => void = () => {};
  /** Resolves when the stack has been stopped, whoever asked for it. */
  readonly finished: Promise<void>;

  constructor(clock: Clock, random: Random, options: UpOptions, onEvent: (event: UpEvent) => void) {
    this.#clock = clock;
    this.#random = random;
    this.#options = options;
    this.#fromMs = clock.monotonicMs();
    this.#since = new Date(clock.wallMs()).toISOString();
    this.#onEvent = onEvent;
    this.finished = new Promise((resolve) => {
      this.#announceFinished = resolve;
    });
  }

  get state(): State {
    return this.#state;
  }

  /**
   * Resolves when everything is healthy. A service that never becomes healthy keeps this waiting, and the events say why.
   *
   * @throws what `prepareStack` and the making of images throw; everything started by then is stopped again.
   */
  async start(): Promise<void> {
    this.#tell({ event: "waiting", for: "the application file" });
    const prepared = await prepareStack(this.#clock, this.#random, this.#options);
    this.#prepared = prepared;
    try {
      await this.#bringUp(prepared);
    } catch (error) {
      // Somebody asked to stop while it was starting: what broke then broke because of that.
      const asked = this.#end.signal.aborted;
      await this.stop();
      if (!asked) throw error;
    }
  }

  /** Stops instances, agents and control, in that order of care; resolves when nothing of them runs. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stopAll();
    return this.#stopped;
  }

  /** Ends everything at once. */
  kill(): void {
    const run = this.#prepared?.stack.runDirectory;
    for (const program of this.#programs) program.disown();
    if (run !== undefined) killEverything(run);
    this.stop().catch(() => {});
  }

  async #bringUp(prepared: PreparedStack): Promise<void> {
    const { stack, application } = prepared;
    const urls = this.#urls();
    this.#socket = new UpSocket(runFiles.upSocket(stack.runDirectory), {
      answer: () => ({
        pid: process.pid,
        since: this.#since,
        state: this.#state === "ready" ? "ready" : this.#state === "starting" ? "starting" : "stopping",
        application: stack.application,
      }),
      stop: (now) => (now ? this.kill() : void this.stop().catch(() => {})),
    });
    await this.#socket.listen();
    for (const text of prepared.warnings) this.#tell({ event: "warning", text });
    this.#tell({
      event: "plan",
      application: stack.application,
      stateDirectory: stack.stateDirectory,
      urls,
      kept: !stack.temporary,
    });

    const baking = bakeApplication(this.#clock, stack.file, application, stack.stateDirectory, (text) =>
      this.#tell({ event: "note", text }),
    );
    baking.catch(() => {}); // Awaited below; until then its failure is nobody's unhandled rejection.
    const platform = copyPlatform(stack.stateDirectory);
    this.#network = stack.isolation === "netns" ? await ensureNetwork(this.#clock, stack.runDirectory) : undefined;
    this.#startPrograms(platform);
    this.#watchNetwork(platform);
    this.#control = new ControlClient(stack.ports.console, stack.stateDirectory);
    await Promise.race([this.#controlAnswers(this.#control), baking.then(() => new Promise<never>(() => {}))]);
    if (this.#end.signal.aborted) return;
    await this.#announceLogin(this.#control, urls);
    this.#tell({ event: "waiting", for: "the images of the services" });
    const baked = await baking;
    if (this.#end.signal.aborted) return;
    this.#tell({ event: "waiting", for: "control to take the application" });
    await this.#control.call("PUT", ControlPaths.application(stack.application), baked);
    removeOlderPlatforms(platform);
    const healthy = this.#healthy(this.#control, Object.keys(application.services));
    if (!this.#options.noWait) await healthy;
    if (this.#end.signal.aborted) return;
    this.#state = "ready";
    const seconds = (this.#clock.monotonicMs() - this.#fromMs) / 1000;
    const { application: name, stateDirectory } = stack;
    this.#tell({ event: "ready", seconds, application: name, urls, stateDirectory, pid: process.pid });
  }

  #startPrograms(platform: string): void {
    const { stack } = this.#stack();
    this.#tell({ event: "waiting", for: `control and the agents of ${stack.zones.length} zones` });
    const earlier = readOwnProcesses(stack.runDirectory);
    ensureInstanceKey(stack.stateDirectory);
    const place = this.#network?.place;
    const agents = stack.zones.map((zone) => agentProgram(stack, zone, platform, place));
    const doors = place === undefined ? [] : doorPrograms(stack, platform);
    const specs = [...doors, ...agents, controlProgram(stack, platform, place)];
    this.#endOthers(earlier, specs);
    for (const spec of specs) {
      const program = new ManagedProcess(this.#clock, spec, (change) => this.#onProcess(spec, change));
      this.#programs.push(program);
      const before = earlier[spec.name];
      const same = before !== undefined && before.fingerprint === fingerprintOf(spec);
      // An agent that dies leaves its instances alone, and the next one adopts them: that is how it is replaced.
      if (before !== undefined && !same) signalProcess(before, "SIGKILL", false);
      program.start(same ? before : undefined);
    }
    const bounding = this.#clock.every(30_000, () => {
      for (const program of this.#programs) program.boundLog();
    });
    this.#end.signal.addEventListener("abort", () => bounding.cancel(), { once: true });
  }

  /** Without its holder no new instance can be started: it gets a successor, and who knew it is told by being started anew. */
  #watchNetwork(platform: string): void {
    const { stack } = this.#stack();
    let isRenewing = false;
    const renew = async (lost: StackNetwork): Promise<void> => {
      const standing = this.#programs.find(({ spec, mark }) => spec.prefix !== undefined && mark !== undefined)?.mark
        ?.pid;
      if (standing === undefined) throw new Error("nobody stands in the network any more");
      this.#network = await renewNetwork(this.#clock, lost, standing, stack.runDirectory);
      const { place } = this.#network;
      for (const zone of stack.zones) this.#change(agentProgram(stack, zone, platform, place));
      this.#change(controlProgram(stack, platform, place));
    };
    const watch = this.#clock.every(networkLookMs, () => {
      const network = this.#network;
      if (network === undefined || isRenewing || isRunning(network.mark)) return;
      isRenewing = true;
      this.#tell({ event: "warning", text: "the holder of the network ended; another one takes its place" });
      renew(network)
        .catch((error: unknown) =>
          this.#tell({ event: "warning", text: `the network has no holder: ${messageOf(error)}` }),
        )
        .finally(() => {
          isRenewing = false;
        });
    });
    this.#end.signal.addEventListener("abort", () => watch.cancel(), { once: true });
  }

  #change(spec: ProgramSpec): void {
    this.#programs.find((program) => program.spec.name === spec.name)?.change(spec);
  }

  /** Zones that are no longer wanted: their agents and instances go. */
  #endOthers(earlier: Readonly<Record<string, OwnProcess>>, specs: readonly ProgramSpec[]): void {
    const { stack } = this.#stack();
    const wanted = new Set(["network", ...specs.map((spec) => spec.name)]);
    const dropped = Object.keys(earlier).filter((name) => !wanted.has(name));
    for (const name of dropped) {
      const mark = earlier[name];
      if (mark !== undefined) signalProcess(mark, "SIGKILL", false);
    }
    const files = new Set(dropped.map((name) => `${name}.json`));
    for (const mark of runningInstances(stack.runDirectory, files)) signalProcess(mark, "SIGKILL", true);
    for (const name of dropped) rmSync(`${stack.runDirectory}/${name}.json`, { force: true });
  }

  #onProcess(spec: ProgramSpec, change: ProcessChange): void {
    const { stack } = this.#stack();
    const marks: Record<string, OwnProcess> = {};
    if (this.#network !== undefined) marks["network"] = { ...this.#network.mark, fingerprint: "" };
    for (const program of this.#programs) {
      if (program.mark !== undefined)
        marks[program.spec.name] = { ...program.mark, fingerprint: fingerprintOf(program.spec) };
    }
    try {
      writeOwnProcesses(stack.runDirectory, marks);
    } catch (error) {
      const text = `${stack.runDirectory}: cannot be written (${messageOf(error)}); a new up could not take over what runs now`;
      this.#tell({ event: "warning", text });
    }
    if (change.kind === "exited") {
      const text = `${spec.name}: ${change.how}; started again in ${change.nextMs} ms (log: ${spec.logFile})`;
      this.#tell({ event: "process", name: spec.name, change: "exited", text });
    } else {
      const text = `${spec.name}: ${change.kind} as pid ${change.pid}`;
      this.#tell({ event: "process", name: spec.name, change: change.kind, text });
    }
  }

  async #controlAnswers(control: ControlClient): Promise<void> {
    let last = "";
    const saidAtMs = this.#clock.monotonicMs() + 2_000;
    while (!this.#end.signal.aborted) {
      try {
        await control.call("GET", ControlPaths.status);
        return;
      } catch (error) {
        const reason = messageOf(error);
        if (reason !== last && this.#clock.monotonicMs() > saidAtMs) {
          last = reason;
          const log = this.#programs.at(-1)?.spec.logFile ?? "";
          this.#tell({ event: "waiting", for: `control to answer: ${reason} (log: ${log})` });
        }
        await this.#clock.sleep(40);
      }
    }
  }

  async #announceLogin(control: ControlClient, urls: UpUrls): Promise<void> {
    try {
      const { code } = await control.call<{ code: string }>("POST", ControlPaths.sessionCodes);
      this.#tell({ event: "login", url: `${urls.console}/login?code=${code}` });
    } catch (error) {
      this.#tell({
        event: "warning",
        text: `the console's login link could not be made: ${messageOf(error)}; try: holdfast open`,
      });
    }
  }

  /** Follows control's status for as long as the stack is up; resolves when all services are healthy for the first time. */
  #healthy(control: ControlClient, services: readonly string[]): Promise<void> {
    return new Promise((resolve) => {
      this.#end.signal.addEventListener("abort", () => resolve(), { once: true });
      const onStatus = (status: StatusView): void => {
        this.#tell({ event: "status", status: briefOf(status) });
        const known = new Set(status.services.map((service) => service.name));
        if (status.verdict === "healthy" && services.every((name) => known.has(name))) resolve();
      };
      void this.#follow(control, onStatus);
    });
  }

  async #follow(control: ControlClient, onStatus: (status: StatusView) => void): Promise<void> {
    let failures = 0;
    while (!this.#end.signal.aborted) {
      try {
        await control.stream(
          ControlPaths.events,
          (topic, data) => {
            failures = 0;
            if (topic === "status") onStatus(data as StatusView);
          },
          this.#end.signal,
        );
      } catch {
        // Control is being restarted; its own events say so.
      }
      failures++;
      await this.#clock.sleep(Math.min(2_000, 100 * 2 ** Math.min(failures, 5)), this.#end.signal).catch(() => {});
    }
  }

  async #stopAll(): Promise<void> {
    const fromMs = this.#clock.monotonicMs();
    this.#state = "stopping";
    this.#end.abort();
    const prepared = this.#prepared;
    if (prepared !== undefined) {
      const { runDirectory, zones } = prepared.stack;
      for (const program of this.#programs) program.disown();
      const control = this.#programs.find((program) => program.spec.name === "control");
      this.#tell({ event: "stopping", text: "control" });
      // First: it must not replace what is stopped from here on.
      control?.signal("SIGTERM");
      const graceMs = this.#graceMs();
      const agentNames = new Set(zones.map(agentName));
      const agents = this.#programs.filter((program) => agentNames.has(program.spec.name));
      const shutdowns = zones.map((zone) => this.#shutDownAgent(zone, graceMs));
      await this.#reportUntil(Promise.all([...shutdowns, ...agents.map((agent) => agent.ended())]), graceMs + 3_000);
      await stopRemains(this.#clock, runDirectory, 1_000);
      if (this.#network !== undefined) endHolder(this.#network.place);
      this.#control?.close();
      for (const program of this.#programs) program.release();
    }
    this.#state = "stopped";
    this.#tell({ event: "stopped", seconds: (this.#clock.monotonicMs() - fromMs) / 1000 });
    await this.#socket?.close();
    if (prepared !== undefined) {
      rmSync(prepared.stack.runDirectory, { recursive: true, force: true });
      prepared.release();
    }
    this.#announceFinished();
  }

  async #shutDownAgent(zone: Zone, graceMs: number): Promise<void> {
    const { runDirectory } = this.#stack().stack;
    try {
      await shutDownAgent(this.#clock, zone.name, runFiles.agentSocket(runDirectory, zone), graceMs);
    } catch {
      // It does not listen yet, or hangs: it goes alone, and its instances are found by its state file afterwards.
      this.#programs.find((program) => program.spec.name === agentName(zone))?.signal("SIGKILL");
    }
  }

  /** Waits for the agents, saying each second what is still there. */
  async #reportUntil(done: Promise<unknown>, boundMs: number): Promise<void> {
    const { runDirectory } = this.#stack().stack;
    const over = new AbortController();
    const report = this.#clock.every(1_000, () => {
      const left = runningInstances(runDirectory).length;
      this.#tell({
        event: "stopping",
        text: left === 0 ? "the agents" : `${left} instances that finish their requests`,
      });
    });
    const bound = this.#clock.sleep(boundMs, over.signal).catch(() => {});
    await Promise.race([done, bound]);
    over.abort();
    report.cancel();
  }

  /** The longest drain of any service, and a moment for the agents themselves. */
  #graceMs(): number {
    const drains = Object.values(this.#prepared?.application.services ?? {}).map(
      (service) => parseDurationMs(service.drain) ?? 0,
    );
    return Math.max(2_000, ...drains);
  }

  #urls(): UpUrls {
    const { ports } = this.#stack().stack;
    const url = (port: number): string => `http://${operatorAddress}:${port}`;
    return { console: url(ports.console), edge: url(ports.edge), registry: url(ports.registry) };
  }

  #stack(): PreparedStack {
    if (this.#prepared === undefined) throw new Error("the stack is used before it is prepared");
    return this.#prepared;
  }

  #tell(event: UpEvent): void {
    this.#socket?.tell(event);
    this.#onEvent(event);
  }
}
