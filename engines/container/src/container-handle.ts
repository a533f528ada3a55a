import { constants } from "node:os";
import type { InstanceExit, InstanceHandle, InstanceMark, InstanceUsage, SignalScope } from "@holdfast/engine";
import { type Clock, type Log, messageOf, within } from "@holdfast/kernel";
import type { DockerApi } from "./docker/docker-api.ts";
import type { ContainerDetail } from "./docker/docker-types.ts";
import { companionsOf, isInContainer, leadsNamespace, startTimeOf } from "./local-process.ts";
import type { MemoryWatch } from "./memory-watch.ts";
import type { OutputFollower } from "./output-follower.ts";

type Signal = "SIGKILL" | "SIGSTOP" | "SIGCONT" | "SIGTERM";

/** An end is told with the last words, or without them after this. */
const lastWordsMs = 1_000;

/** A running container. Where its processes are on this machine signals go straight to them, else through the engine. */
export class ContainerHandle implements InstanceHandle {
  readonly name: string;
  readonly identity: InstanceMark;
  readonly ended: Promise<InstanceExit>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #api: DockerApi;
  readonly #output: OutputFollower;
  readonly #memory: MemoryWatch | undefined;
  readonly #resolve: (exit: InstanceExit) => void;
  readonly #onRelease: () => void;
  #over = false;
  /** Orders to the engine go one after the other. */
  #orders: Promise<unknown> = Promise.resolve();

  constructor(
    clock: Clock,
    log: Log,
    api: DockerApi,
    container: {
      readonly name: string;
      readonly identity: InstanceMark;
      readonly output: OutputFollower;
      readonly memory: MemoryWatch | undefined;
    },
    onRelease: () => void,
  ) {
    const { promise, resolve } = Promise.withResolvers<InstanceExit>();
    this.#clock = clock;
    this.#log = log;
    this.#api = api;
    this.name = container.name;
    this.identity = container.identity;
    this.#output = container.output;
    this.#memory = container.memory;
    this.#resolve = resolve;
    this.#onRelease = onRelease;
    this.ended = promise;
  }

  /** True when its leading process is on this machine and has ended; false also where that cannot be told. */
  get isGone(): boolean {
    const { pid, startTime } = this.identity;
    return pid > 0 && startTimeOf(pid) !== startTime;
  }

  /** The runtime has learned of its end. */
  async finish(exit: InstanceExit): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    // Earlier it may have been a child that the program went on without.
    const outOfMemory = (exit.signal === "SIGKILL" || !exit.known) && (this.#memory?.hasKilled ?? false);
    this.#memory?.stop();
    this.#output.end();
    await within(this.#clock, lastWordsMs, "its last words", this.#output.finished).catch(() => {});
    this.#output.stop();
    this.#onRelease();
    this.#resolve(outOfMemory ? { ...exit, outOfMemory } : exit);
  }

  signal(signal: Signal, scope: SignalScope): boolean {
    if (this.#over) return false;
    const { pid } = this.identity;
    if (pid <= 0) return this.#order(signal);
    if (this.isGone) return scope === "all" && send(-pid, signal);
    if (scope === "leader") return send(pid, signal);
    if (!leadsNamespace(pid)) return send(-pid, signal);
    return companionsOf(pid).filter((target) => send(target, signal)).length > 0;
  }

  /** Others of its group, where the kernel has not ended them all with the first. */
  hasLeftovers(): boolean {
    const { pid } = this.identity;
    return pid > 0 && send(-pid, 0);
  }

  async usage(): Promise<InstanceUsage | undefined> {
    try {
      const stats = await this.#api.stats(this.name);
      if (stats === undefined || this.#over) return undefined;
      const { cpu_stats: cpu, memory_stats: memory } = stats;
      return { cpuSeconds: cpu.cpu_usage.total_usage / 1e9, memoryBytes: memory.usage ?? 0 };
    } catch (error) {
      this.#log.debug("container.usage.unknown", { container: this.name, reason: messageOf(error) });
      return undefined;
    }
  }

  release(): void {
    this.#memory?.stop();
    this.#output.stop();
    this.#onRelease();
  }

  /** Through the engine: answers at once, and is done in order. */
  #order(signal: Signal): boolean {
    const act = (): Promise<boolean> => {
      if (signal === "SIGSTOP") return this.#api.pause(this.name);
      if (signal === "SIGCONT") return this.#api.unpause(this.name);
      return this.#api.kill(this.name, signal);
    };
    this.#orders = this.#orders.then(act).catch((error: unknown) => {
      this.#log.warn("container.signal.not-sent", { container: this.name, signal, reason: messageOf(error) });
    });
    return true;
  }
}

/** The leading process of a container by pid and start time; pid -1 when it is not on this machine. */
export function markOf({ Id, State }: ContainerDetail): InstanceMark {
  const startTime = isInContainer(State.Pid, Id) ? startTimeOf(State.Pid) : undefined;
  return startTime === undefined ? { pid: -1, startTime: State.StartedAt } : { pid: State.Pid, startTime };
}

/** How a container ended. Engines tell a signal as 128 and its number. */
export function exitOf({ State }: ContainerDetail): InstanceExit {
  const { ExitCode: code, OOMKilled } = State;
  const signal = Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0];
  const exit = signal === undefined ? { code, signal: null } : { code: null, signal };
  return { ...exit, known: true, ...(OOMKilled ? { outOfMemory: true } : {}) };
}

function send(pid: number, signal: Signal | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}
