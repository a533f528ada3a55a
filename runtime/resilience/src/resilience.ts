import { Config } from "@holdfast/config";
import { type Clock, type Log, type Random, SeededRandom, silentLog } from "@holdfast/kernel";
import type { MeterRegistry } from "@holdfast/metrics";
import type { CommandReport } from "@holdfast/wire";
import type { Transition } from "./circuit-breaker.ts";
import { Collapser } from "./collapser.ts";
import { CollapserState } from "./collapser-state.ts";
import { Command } from "./command.ts";
import type { CallContext, CollapserOptions, CommandOptions, WorkerCommandOptions } from "./command-definition.ts";
import { CommandMeters } from "./command-meters.ts";
import { type CommandRoom, CommandState, type Isolation } from "./command-state.ts";
import type { Everything } from "./everything.ts";
import { type CircuitExplanation, explainCircuit } from "./explain.ts";
import { type CommandHooks, HookList } from "./hooks.ts";
import { LiveProperties } from "./live-properties.ts";
import {
  type CollapserProperties,
  collapserPropertyDefaults,
  commandPropertyDefaults,
  propertyError,
  type ThreadPoolProperties,
  threadPoolPropertyDefaults,
} from "./properties.ts";
import { commandReport } from "./report.ts";
import type { LogEntry } from "./request-context.ts";
import { type HystrixStreams, hystrixStreams } from "./streams/hystrix-streams.ts";
import { ThreadPool } from "./threads/thread-pool.ts";
import { Timeouts } from "./timeouts.ts";

export interface ResilienceOptions {
  readonly log?: Log;
  readonly hooks?: readonly CommandHooks[];
}

/** All commands of a process: keys, circuits, counters, deadlines. Make one and hand it on. */
export class Resilience {
  readonly #clock: Clock;
  readonly #config: Config;
  readonly #log: Log;
  readonly #states = new Map<string, CommandState>();
  readonly #collapsers = new Map<string, CollapserState>();
  readonly #pools = new Map<string, ThreadPool>();
  readonly #requestListeners = new Set<(log: readonly LogEntry[]) => void>();
  readonly #room: CommandRoom;
  readonly #unwatch: () => void;

  constructor(
    clock: Clock,
    random: Random = new SeededRandom(1),
    config: Config = new Config(),
    options: ResilienceOptions = {},
  ) {
    this.#clock = clock;
    this.#config = config;
    this.#log = options.log ?? silentLog;
    const hooks = options.hooks ?? [];
    this.#room = {
      clock,
      random: random.child("circuits"),
      timeouts: new Timeouts(clock),
      hooks: hooks.length === 0 ? undefined : new HookList(hooks, this.#log),
      onTurn: (state, to) => this.#turned(state, to),
      // One and the same function, so that a request tells it once.
      onRequestEnd: (context) => {
        for (const listener of this.#requestListeners) listener(context.log);
      },
    };
    this.#unwatch = config.watch((key) => this.#changed(key));
  }

  /**
   * A command. Two of one key share circuit, limits and counters; the properties given first count.
   *
   * @throws PlatformError `COMMAND_PROPERTY_INVALID` naming the property's path.
   */
  command<A extends unknown[], R>(options: CommandOptions<A, R> | WorkerCommandOptions<A, R>): Command<A, R> {
    if ("run" in options) return new Command(options, this.#stateOf(options, { limiter: options.limiter }));
    const { worker, group = options.key, threadPoolKey = group, threadPoolProperties } = options;
    const pool = this.#pools.get(threadPoolKey) ?? this.#newPool(threadPoolKey, threadPoolProperties);
    const run = (context: CallContext, ...args: A): Promise<R> => pool.run(worker, args, context.signal) as Promise<R>;
    return new Command({ ...options, run }, this.#stateOf(options, { pool }));
  }

  /** `fn` as a command: a function with its arguments and its answer. */
  wrap<A extends unknown[], R>(
    fn: (...args: A) => R | PromiseLike<R>,
    options: Omit<CommandOptions<A, R>, "run">,
  ): (...args: A) => Promise<R> {
    const command = this.command<A, R>({ ...options, run: (_context, ...args) => fn(...args) });
    return (...args) => command.execute(...args);
  }

  /**
   * A collapser: single questions, asked together. Two of one key share counters and the command.
   *
   * @throws PlatformError `COMMAND_PROPERTY_INVALID` naming the property's path.
   */
  collapse<Q, R>(options: CollapserOptions<Q, R>): Collapser<Q, R> {
    const { key, group = key, run, fallback, commandProperties } = options;
    const command = this.command<[readonly Q[]], readonly (R | Error)[]>({
      key,
      group,
      run,
      ...(fallback === undefined ? {} : { fallback }),
      ...(commandProperties === undefined ? {} : { properties: commandProperties }),
    });
    const state = this.#collapsers.get(key) ?? this.#newCollapser(key, group, options.properties);
    return new Collapser(this.#clock, options, state, command);
  }

  /** Calls `listener` with the log of each request context that has ended; returns the way to stop. */
  onRequestLog(listener: (log: readonly LogEntry[]) => void): () => void {
    this.#requestListeners.add(listener);
    return () => void this.#requestListeners.delete(listener);
  }

  /** Why the circuit of that command is as it is, with its history; `undefined` when there is no such command. */
  explain(key: string): CircuitExplanation | undefined {
    const state = this.#states.get(key);
    if (state?.stale === true) state.refresh();
    return state === undefined ? undefined : explainCircuit(state);
  }

  /** All commands, in the order they were made: circuits, counters, latencies, histories. */
  report(): CommandReport[] {
    return Array.from(this.#everything().commands, commandReport);
  }

  /** The keys of all commands, in the order they were made. */
  keys(): string[] {
    return [...this.#states.keys()];
  }

  /**
   * A function that brings the counters of all commands up to date in `meters`; call it before each reading of them.
   * Meters: `resilience.events` (`command`, `event`), `resilience.active`, `resilience.circuit.open` (`command`).
   */
  publisher(meters: MeterRegistry): () => void {
    const published = new CommandMeters(meters);
    return () => published.publish(this.#everything().commands);
  }

  /** Hystrix's streams, as handlers by their paths. */
  streams(): HystrixStreams {
    return hystrixStreams(this.#clock, this.#config, this.#everything(), (listener) => this.onRequestLog(listener));
  }

  /** Takes no more notice of the configuration, and ends the threads. */
  async close(): Promise<void> {
    this.#unwatch();
    await Promise.all([...this.#pools.values()].map((pool) => pool.close()));
  }

  #everything(): Everything {
    const states = this.#states;
    return {
      commands: {
        *[Symbol.iterator]() {
          for (const state of states.values()) {
            // Who looks sees what the configuration says now, though no call has read it yet.
            if (state.stale) state.refresh();
            yield state;
          }
        },
      },
      pools: { [Symbol.iterator]: () => this.#pools.values() },
      collapsers: { [Symbol.iterator]: () => this.#collapsers.values() },
    };
  }

  #stateOf(
    options: Pick<CommandOptions<never, unknown>, "key" | "group" | "properties">,
    isolation: Isolation,
  ): CommandState {
    const { key, group = key } = options;
    const known = this.#states.get(key);
    if (known !== undefined) {
      const sameKind = known.pool === isolation.pool && known.limiter === isolation.limiter;
      if (!sameKind)
        throw propertyError(`command ${key}`, "isolated as the first command of its key is", "another way");
      return known;
    }
    if (key === "" || key === "default") {
      throw propertyError("key", "a name other than the empty one and `default`", key);
    }
    const strategy =
      isolation.pool !== undefined ? "THREAD" : isolation.limiter !== undefined ? "ADAPTIVE" : "SEMAPHORE";
    const defaults = { ...commandPropertyDefaults, "execution.isolation.strategy": strategy };
    const live = new LiveProperties(this.#config, this.#log, "command", key, defaults, options.properties ?? {});
    const state = new CommandState(key, group, live, this.#room, isolation);
    this.#states.set(key, state);
    return state;
  }

  #newCollapser(key: string, group: string, inCode: Partial<CollapserProperties> = {}): CollapserState {
    const live = new LiveProperties(this.#config, this.#log, "collapser", key, collapserPropertyDefaults, inCode);
    const state = new CollapserState(key, group, live);
    this.#collapsers.set(key, state);
    return state;
  }

  #newPool(key: string, inCode: Partial<ThreadPoolProperties> = {}): ThreadPool {
    const live = new LiveProperties(this.#config, this.#log, "threadpool", key, threadPoolPropertyDefaults, inCode);
    const pool = new ThreadPool(key, this.#clock, live);
    this.#pools.set(key, pool);
    return pool;
  }

  #changed(path: string): void {
    for (const [prefix, states] of [
      ["hystrix.command.", this.#states],
      ["hystrix.collapser.", this.#collapsers],
      ["hystrix.threadpool.", this.#pools],
    ] as const) {
      if (!path.startsWith(prefix)) continue;
      for (const state of states.values()) {
        const ofIt = path.startsWith("default.", prefix.length) || path.startsWith(`${state.key}.`, prefix.length);
        if (ofIt) state.stale = true;
      }
    }
  }

  #turned(state: CommandState, to: Transition): void {
    const level = to.to === "open" ? "warn" : "info";
    this.#log[level](`resilience.circuit-${to.to}`, { key: state.key, why: to.why, requests: to.requests });
  }
}
