import type { Clock, Random } from "@holdfast/kernel";
import { type BreakerOptions, CircuitBreaker, type Transition } from "./circuit-breaker.ts";
import type { CallLimiter } from "./command-definition.ts";
import { At, type CommandEvent, commandEvents, exceptionEvents } from "./events.ts";
import type { HookList } from "./hooks.ts";
import { LatencyWindow } from "./latency-window.ts";
import type { LiveProperties } from "./live-properties.ts";
import type { CommandProperties } from "./properties.ts";
import type { LogEntry, RequestContext } from "./request-context.ts";
import { RollingCounts } from "./rolling-counts.ts";
import type { ThreadPool } from "./threads/thread-pool.ts";
import type { DeadlineList, Timeouts } from "./timeouts.ts";

/** What the states of all keys of a process lean on. */
export interface CommandRoom {
  readonly clock: Clock;
  readonly random: Random;
  readonly timeouts: Timeouts;
  readonly hooks: HookList | undefined;
  onTurn(state: CommandState, to: Transition): void;
  readonly onRequestEnd: (context: RequestContext) => void;
}

/** What keeps the calls of one key apart from the rest; neither: a semaphore. */
export interface Isolation {
  readonly pool?: ThreadPool | undefined;
  readonly limiter?: CallLimiter | undefined;
}

/**
 * What all commands of one key share, and what lives on from call to call: properties, counters, the circuit, how many
 * calls are under way. The properties that each call reads are plain fields.
 */
export class CommandState {
  readonly key: string;
  readonly group: string;
  /** Where `run` is called in another thread. */
  readonly pool: ThreadPool | undefined;
  /** Instead of the semaphore. */
  readonly limiter: CallLimiter | undefined;
  readonly breaker: CircuitBreaker;
  readonly clock: Clock;
  readonly timeouts: Timeouts;
  readonly hooks: HookList | undefined;
  readonly onRequestEnd: (context: RequestContext) => void;
  counts: RollingCounts;
  /** Calls whose whole took as long as their `run`; the others are in the two below. */
  latency: LatencyWindow | undefined;
  latencyOfRuns: LatencyWindow | undefined;
  latencyInAll: LatencyWindow | undefined;
  active = 0;
  fallbacksActive = 0;
  maxConcurrent = 0;
  fallbacksMax = 0;
  fallbackEnabled = true;
  timeoutMs = 0;
  /** `undefined`: no timeout. */
  deadlines: DeadlineList | undefined;
  interruptOnTimeout = true;
  slowMs = 0;
  retryAfterMaxMs = 0;
  cacheEnabled = true;
  logEnabled = true;
  /** Sentences of refusals, made once: refusals come by the hundred thousand. */
  shortCircuit: string;
  rejection = "";
  fallbackRejection = "";
  /** Set when the configuration has changed; the next call reads it. */
  stale = false;
  readonly #live: LiveProperties<CommandProperties>;

  constructor(
    key: string,
    group: string,
    live: LiveProperties<CommandProperties>,
    room: CommandRoom,
    isolation: Isolation,
  ) {
    this.pool = isolation.pool;
    this.limiter = isolation.limiter;
    this.key = key;
    this.shortCircuit = `${key}: its circuit is open`;
    this.group = group;
    this.clock = room.clock;
    this.timeouts = room.timeouts;
    this.hooks = room.hooks;
    this.onRequestEnd = room.onRequestEnd;
    this.#live = live;
    this.counts = countsFor(live.values);
    this.breaker = new CircuitBreaker(
      () => this.counts,
      breakerOptions(live.values),
      (to) => room.onTurn(this, to),
      room.random,
    );
    this.latency = latencyFor(live.values);
    this.#apply(live.values);
  }

  get properties(): CommandProperties {
    return this.#live.values;
  }

  get threadPoolKey(): string {
    return this.pool?.key ?? this.group;
  }

  /** Takes over what the configuration says now. A window of another size begins empty. */
  refresh(): void {
    this.stale = false;
    const before = this.#live.values;
    this.#live.refresh();
    const now = this.#live.values;
    const differs = (...names: (keyof CommandProperties)[]): boolean =>
      names.some((name) => before[name] !== now[name]);
    if (differs("metrics.rollingStats.timeInMilliseconds", "metrics.rollingStats.numBuckets")) {
      this.counts = countsFor(now);
    }
    if (
      differs(
        "metrics.rollingPercentile.enabled",
        "metrics.rollingPercentile.timeInMilliseconds",
        "metrics.rollingPercentile.numBuckets",
      )
    ) {
      this.latency = latencyFor(now);
      this.latencyOfRuns = undefined;
      this.latencyInAll = undefined;
    }
    this.breaker.options = breakerOptions(now);
    this.#apply(now);
  }

  /** Counts an event, and writes it into the log of the request. */
  record(event: number, entry: LogEntry | undefined, nowMs: number): void {
    this.counts.add(event, nowMs);
    entry?.add(event, nowMs);
    this.hooks?.event(this, commandEvents[event] ?? "EMIT");
  }

  /** A `run` has ended after `runMs`, and with it the call, or (`!whole`) a fallback follows. */
  ran(runMs: number, whole: boolean, nowMs: number): void {
    if (this.latency === undefined) return;
    if (whole) this.latency.add(runMs, nowMs);
    else {
      this.latencyOfRuns ??= latencyFor(this.properties);
      this.latencyOfRuns?.add(runMs, nowMs);
    }
  }

  /** A call whose end was a fallback took so long in all. */
  fellBack(totalMs: number, nowMs: number): void {
    if (this.latency === undefined) return;
    this.latencyInAll ??= latencyFor(this.properties);
    this.latencyInAll?.add(totalMs, nowMs);
  }

  /** How often `event` happened in the window. */
  rolling(event: CommandEvent, nowMs: number): number {
    if (event === "EXCEPTION_THROWN") {
      return exceptionEvents.reduce((sum, one) => sum + this.counts.sum(At[one], nowMs), 0);
    }
    if (event === "COMMAND_MAX_ACTIVE") return this.counts.peak(nowMs);
    return this.counts.sum(At[event], nowMs);
  }

  /** All events of the window by name; those that did not happen are 0. */
  rollingAll(nowMs: number): Readonly<Record<CommandEvent, number>> {
    return Object.fromEntries(commandEvents.map((event) => [event, this.rolling(event, nowMs)])) as Record<
      CommandEvent,
      number
    >;
  }

  #apply(values: CommandProperties): void {
    this.maxConcurrent = values["execution.isolation.semaphore.maxConcurrentRequests"];
    this.fallbacksMax = values["fallback.isolation.semaphore.maxConcurrentRequests"];
    this.fallbackEnabled = values["fallback.enabled"];
    this.timeoutMs = values["execution.isolation.thread.timeoutInMilliseconds"];
    this.deadlines = values["execution.timeout.enabled"] ? this.timeouts.list(this.timeoutMs) : undefined;
    this.interruptOnTimeout = values["execution.isolation.thread.interruptOnTimeout"];
    this.slowMs = values["circuitBreaker.slowCallDurationInMilliseconds"];
    this.retryAfterMaxMs = values["circuitBreaker.retryAfterMaxInMilliseconds"];
    this.rejection = `${this.key}: ${this.maxConcurrent} calls are under way, no more are allowed`;
    this.fallbackRejection = `${this.key}: ${this.fallbacksMax} fallbacks are under way, no more are allowed`;
    this.cacheEnabled = values["requestCache.enabled"];
    this.logEnabled = values["requestLog.enabled"];
  }
}

function breakerOptions(values: CommandProperties): BreakerOptions {
  return {
    enabled: values["circuitBreaker.enabled"],
    requestVolumeThreshold: values["circuitBreaker.requestVolumeThreshold"],
    errorThresholdPercentage: values["circuitBreaker.errorThresholdPercentage"],
    sleepWindowMs: values["circuitBreaker.sleepWindowInMilliseconds"],
    sleepJitterPercentage: values["circuitBreaker.sleepWindowJitterPercentage"],
    forceOpen: values["circuitBreaker.forceOpen"],
    forceClosed: values["circuitBreaker.forceClosed"],
    slowCallThresholdPercentage: values["circuitBreaker.slowCallThresholdPercentage"],
    trialCalls: values["circuitBreaker.halfOpenTrialCalls"],
    trialSuccessPercentage: values["circuitBreaker.halfOpenSuccessPercentage"],
    healthIntervalMs: values["metrics.healthSnapshot.intervalInMilliseconds"],
  };
}

function countsFor(values: CommandProperties): RollingCounts {
  return new RollingCounts(
    values["metrics.rollingStats.timeInMilliseconds"],
    values["metrics.rollingStats.numBuckets"],
    commandEvents.length,
  );
}

function latencyFor(values: CommandProperties): LatencyWindow | undefined {
  if (!values["metrics.rollingPercentile.enabled"]) return undefined;
  return new LatencyWindow(
    values["metrics.rollingPercentile.timeInMilliseconds"],
    values["metrics.rollingPercentile.numBuckets"],
  );
}
