import { readFileSync } from "node:fs";
import type {
  FoundInstance,
  InstanceExit,
  InstanceHandle,
  InstanceRuntime,
  LostInstance,
  StartOrder,
  StartResult,
} from "@holdfast/engine";
import { type Clock, type Log, messageOf, PlatformError, type Timer } from "@holdfast/kernel";
import type { LaunchSpec } from "@holdfast/wire";
import { ContainerHandle, exitOf, markOf } from "./container-handle.ts";
import { type EngineFacts, engineFacts, planContainer } from "./container-plan.ts";
import { DockerApi } from "./docker/docker-api.ts";
import type { ContainerDetail } from "./docker/docker-types.ts";
import { EventWatch } from "./event-watch.ts";
import { ImageLoader } from "./image-loader.ts";
import { containerName, ownLabels, specOf } from "./labels.ts";
import { MemoryWatch } from "./memory-watch.ts";
import { OutputFollower } from "./output-follower.ts";
import { Removals } from "./removals.ts";
import type { ContainerRuntimeOptions } from "./settings.ts";
import { startFailure } from "./start-failure.ts";
import { ZoneNetwork } from "./zone-network.ts";

/** Processes of this machine are looked at so often: engines tell an end half a second late. */
const lookMs = 100;
/** After a process has ended its engine needs a moment to know how; it is asked so often, and so long. */
const verdictEveryMs = 30;
const verdictMs = 2_000;
/** An agent that finds no engine asks again so often, until it knows what runs. */
const adoptAgainMs = 500;

/** Runs instances as containers of an engine that speaks the Docker API (Docker, Podman). */
export class ContainerRuntime implements InstanceRuntime {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #options: ContainerRuntimeOptions;
  readonly #api: DockerApi;
  readonly #images: ImageLoader;
  readonly #network: ZoneNetwork;
  readonly #removals: Removals;
  readonly #events: EventWatch;
  readonly #handles = new Map<string, ContainerHandle>();
  /** Ended, and being asked how. */
  readonly #going = new WeakSet<ContainerHandle>();
  readonly #look: Timer;
  readonly #closed = new AbortController();
  #facts: EngineFacts | undefined;

  constructor(clock: Clock, log: Log, options: ContainerRuntimeOptions) {
    this.#clock = clock;
    this.#log = log;
    this.#options = options;
    this.#api = new DockerApi(clock, options.socket);
    this.#images = new ImageLoader(this.#api);
    this.#removals = new Removals(log, this.#api);
    const labels = ownLabels(options.stack, options.zone.name);
    this.#network = new ZoneNetwork(this.#api, options.network, labels);
    this.#events = new EventWatch(clock, log, this.#api, labels, {
      onConnected: () => this.#catchUp(),
      onEnd: (name) => void this.#learnEnd(name),
    });
    this.#events.start();
    this.#look = clock.every(lookMs, () => this.#lookAtProcesses());
  }

  get problem(): string {
    return this.#events.problem;
  }

  sharesFiles(): boolean {
    return false;
  }

  hasOwnNetwork(): boolean {
    return this.#options.network.kind !== "host";
  }

  async start(order: StartOrder): Promise<StartResult> {
    const { spec } = order;
    const name = containerName(spec.id);
    try {
      const image = await this.#options.images(spec);
      await this.#images.ensure(image);
      const { network } = this.#options;
      const namespace = network.kind === "namespaces" ? await network.pathOf(spec.address) : undefined;
      const body = planContainer(order, image.reference, this.#options, await this.#engineFacts(), namespace);
      await this.#network.with(async () => {
        await this.#api.create(name, body);
        await this.#api.start(name);
      });
      const detail = await this.#api.inspect(name);
      if (detail === undefined) throw new Error("the container was removed while it started");
      const handle = this.#watch(spec, detail, order.logFile);
      return { kind: "running", handle, logProblem: undefined };
    } catch (error) {
      void this.#removals.remove(name);
      return startFailure(order.command.file, error);
    }
  }

  async adopt(lost: readonly LostInstance[]): Promise<ReadonlyMap<string, InstanceHandle>> {
    const handles = new Map<string, InstanceHandle>();
    for (const { spec, logFile } of lost) {
      const name = containerName(spec.id);
      const detail = await this.#untilKnown(() => this.#api.inspect(name));
      // Made, and never started: its agent ended in between. Nobody waits for it any more.
      if (detail === undefined || detail.State.Status === "created") continue;
      handles.set(spec.id, this.#watch(spec, detail, logFile));
    }
    return handles;
  }

  async strangers(known: ReadonlySet<string>): Promise<readonly FoundInstance[]> {
    const { stack, zone } = this.#options;
    const found: FoundInstance[] = [];
    for (const summary of await this.#untilKnown(() => this.#api.list(ownLabels(stack, zone.name)))) {
      const spec = specOf(summary);
      if (spec === undefined || known.has(spec.id)) continue;
      const name = containerName(spec.id);
      const detail = await this.#untilKnown(() => this.#api.inspect(name));
      if (detail === undefined) continue;
      if (!detail.State.Running) await this.forget(spec);
      else {
        const logFile = this.#options.logFileOf(spec);
        const handle = this.#watch(spec, detail, logFile);
        found.push({ spec, startedAtMs: Date.parse(detail.State.StartedAt), handle });
      }
    }
    return found;
  }

  async forget(spec: LaunchSpec): Promise<void> {
    await this.#removals.remove(containerName(spec.id));
    if (this.#handles.size === 0) await this.#network.tidy();
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.#look.cancel();
    this.#events.stop();
    for (const handle of this.#handles.values()) handle.release();
    await this.#api.close();
  }

  async #engineFacts(): Promise<EngineFacts> {
    this.#facts ??= engineFacts(await this.#api.info(), ownLimits());
    return this.#facts;
  }

  #watch(spec: LaunchSpec, detail: ContainerDetail, logFile: string): ContainerHandle {
    const name = containerName(spec.id);
    const output = new OutputFollower(this.#clock, this.#log, this.#api, name, logFile);
    const identity = markOf(detail);
    const limited = spec.resources?.memoryBytes !== undefined && identity.pid > 0;
    const memory = limited ? new MemoryWatch(this.#clock, identity.pid) : undefined;
    const container = { name, identity, output, memory };
    const handle = new ContainerHandle(this.#clock, this.#log, this.#api, container, () => {
      this.#handles.delete(name);
    });
    this.#handles.set(name, handle);
    this.#removals.spare(name);
    if (!detail.State.Running) void handle.finish(exitOf(detail));
    return handle;
  }

  /** What ended while nobody listened, and what could not be removed then. */
  async #catchUp(): Promise<void> {
    for (const name of this.#handles.keys()) await this.#learnEnd(name);
    await this.#removals.retry();
  }

  async #learnEnd(name: string): Promise<void> {
    const handle = this.#handles.get(name);
    if (handle === undefined) return;
    const exit = await this.#exitOf(name);
    if (exit !== undefined) await handle.finish(exit);
  }

  /** Its process is gone for certain: how it ended, or that nobody can tell. */
  async #learnHow(handle: ContainerHandle): Promise<void> {
    const endMs = this.#clock.monotonicMs() + verdictMs;
    while (this.problem === "" && this.#clock.monotonicMs() < endMs) {
      const exit = await this.#exitOf(handle.name);
      if (exit !== undefined) return handle.finish(exit);
      await this.#clock.sleep(verdictEveryMs, this.#closed.signal);
    }
    await handle.finish({ code: null, signal: null, known: false });
  }

  /** `undefined`: it runs, or nobody can tell. */
  async #exitOf(name: string): Promise<InstanceExit | undefined> {
    try {
      const detail = await this.#api.inspect(name);
      if (detail === undefined) return { code: null, signal: null, known: false };
      return detail.State.Running ? undefined : exitOf(detail);
    } catch (error) {
      this.#log.debug("container.end.unknown", { container: name, reason: messageOf(error) });
      return undefined;
    }
  }

  /** Containers outlive their engine; without its word their ends are found here, if not how they ended. */
  #lookAtProcesses(): void {
    for (const handle of this.#handles.values()) {
      if (!handle.isGone || this.#going.has(handle)) continue;
      this.#going.add(handle);
      this.#learnHow(handle).catch(() => {}); // Only when all is closed: then it is the next agent's to find.
    }
  }

  /** Asks until the engine answers: what runs unknown to its agent would be started again. */
  async #untilKnown<T>(ask: () => Promise<T>): Promise<T> {
    let said = "";
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        const unreachable = error instanceof PlatformError && error.code === "CONTAINER_ENGINE_UNREACHABLE";
        if (!unreachable || this.#closed.signal.aborted) throw error;
        if (messageOf(error) !== said) this.#log.warn("container.engine.awaited", { reason: messageOf(error) });
        said = messageOf(error);
        await this.#clock.sleep(adoptAgainMs, this.#closed.signal);
      }
    }
  }
}

function ownLimits(): string {
  try {
    return readFileSync("/proc/self/limits", "utf8");
  } catch {
    return "";
  }
}
