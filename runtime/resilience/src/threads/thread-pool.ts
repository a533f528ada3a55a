import { availableParallelism } from "node:os";
import type { Clock, Timer } from "@holdfast/kernel";
import type { LiveProperties } from "../live-properties.ts";
import type { ThreadPoolProperties } from "../properties.ts";
import { RollingCounts } from "../rolling-counts.ts";
import { PoolThread, type ThreadTask, type ThreadWork } from "./pool-thread.ts";

const executed = 0;
const rejected = 1;

/**
 * Threads for work that would stand in the way of everything else (Hystrix's THREAD strategy). `coreSize` threads at most,
 * never more than the machine has cores; with a queue only when `maxQueueSize` says so. Threads are started when they are
 * needed first.
 */
export class ThreadPool {
  readonly key: string;
  readonly clock: Clock;
  readonly #live: LiveProperties<ThreadPoolProperties>;
  readonly #threads = new Set<PoolThread>();
  readonly #queue: ThreadTask[] = [];
  readonly #counts: RollingCounts;
  #sweep: Timer | undefined;
  #active = 0;
  completed = 0;
  largest = 0;
  stale = false;

  constructor(key: string, clock: Clock, live: LiveProperties<ThreadPoolProperties>) {
    this.key = key;
    this.clock = clock;
    this.#live = live;
    const { values } = live;
    this.#counts = new RollingCounts(
      values["metrics.rollingStats.timeInMilliseconds"],
      values["metrics.rollingStats.numBuckets"],
      2,
    );
  }

  get properties(): ThreadPoolProperties {
    if (this.stale) {
      this.stale = false;
      this.#live.refresh();
    }
    return this.#live.values;
  }

  get active(): number {
    return this.#active;
  }

  get queued(): number {
    return this.#queue.length;
  }

  get size(): number {
    return this.#threads.size;
  }

  /** `coreSize`, but no more than the machine has cores. */
  get coreSize(): number {
    return Math.min(this.properties.coreSize, availableParallelism());
  }

  get maximumSize(): number {
    const { maximumSize, allowMaximumSizeToDivergeFromCoreSize: diverges } = this.properties;
    return diverges ? Math.max(this.coreSize, Math.min(maximumSize, availableParallelism())) : this.coreSize;
  }

  get rollingExecuted(): number {
    return this.#counts.sum(executed, this.clock.monotonicMs());
  }

  get rollingRejected(): number {
    return this.#counts.sum(rejected, this.clock.monotonicMs());
  }

  get rollingMaxActive(): number {
    return this.#counts.peak(this.clock.monotonicMs());
  }

  /** May another task come? One that may not is counted as rejected. */
  admits(): boolean {
    if (this.#active < this.maximumSize) return true;
    const { maxQueueSize, queueSizeRejectionThreshold } = this.properties;
    if (this.#queue.length < Math.min(maxQueueSize, queueSizeRejectionThreshold)) return true;
    this.#counts.add(rejected, this.clock.monotonicMs());
    return false;
  }

  /**
   * Calls `work` in a thread, or lets it wait for one. When `signal` is aborted, a task that waits is dropped and one that
   * runs is ended with its thread: work that computes hears of no signal.
   */
  run(work: ThreadWork, args: readonly unknown[], signal: AbortSignal | undefined): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const task: ThreadTask = { ...work, args, resolve, reject };
      signal?.addEventListener("abort", () => this.#drop(task, signal.reason), { once: true });
      if (this.#active < this.maximumSize) this.#start(task);
      else this.#queue.push(task);
    });
  }

  /** Ends all threads; what they do is lost. */
  async close(): Promise<void> {
    this.#sweep?.cancel();
    this.#sweep = undefined;
    for (const task of this.#queue.splice(0)) task.reject(new Error(`${this.key}: its thread pool is closed`));
    await Promise.all([...this.#threads].map((thread) => thread.stop()));
  }

  #start(task: ThreadTask): void {
    const nowMs = this.clock.monotonicMs();
    this.#active += 1;
    this.#counts.add(executed, nowMs);
    this.#counts.active(this.#active, nowMs);
    let idle: PoolThread | undefined;
    for (const thread of this.#threads) if (thread.task === undefined) idle = thread;
    (idle ?? this.#newThread()).start(task);
  }

  #newThread(): PoolThread {
    const thread = new PoolThread(
      `holdfast ${this.key}`,
      (one) => this.#freed(one),
      (one, hadTask) => this.#gone(one, hadTask),
    );
    this.#threads.add(thread);
    this.largest = Math.max(this.largest, this.#threads.size);
    return thread;
  }

  #freed(thread: PoolThread): void {
    this.#active -= 1;
    this.completed += 1;
    thread.idleSinceMs = this.clock.monotonicMs();
    this.#next();
    if (this.#threads.size > this.coreSize) {
      this.#sweep ??= this.clock.every(1_000, () => this.#endIdle());
    }
  }

  /** One that we ended ourselves is no longer in the set, and its task was accounted for then. */
  #gone(thread: PoolThread, hadTask: boolean): void {
    if (!this.#threads.delete(thread) || !hadTask) return;
    this.#active -= 1;
    this.#next();
  }

  #next(): void {
    if (this.#active >= this.maximumSize) return;
    const task = this.#queue.shift();
    if (task !== undefined) this.#start(task);
  }

  #drop(task: ThreadTask, reason: unknown): void {
    const place = this.#queue.indexOf(task);
    if (place >= 0) {
      this.#queue.splice(place, 1);
      return task.reject(reason);
    }
    for (const thread of this.#threads) {
      if (thread.task !== task) continue;
      this.#threads.delete(thread);
      this.#active -= 1;
      void thread.stop();
      this.#next();
    }
  }

  /** Threads beyond `coreSize` that have had nothing to do for `keepAliveTimeMinutes`. */
  #endIdle(): void {
    const limitMs = this.clock.monotonicMs() - this.properties.keepAliveTimeMinutes * 60_000;
    for (const thread of this.#threads) {
      if (this.#threads.size <= this.coreSize) break;
      if (thread.task !== undefined || thread.idleSinceMs > limitMs) continue;
      this.#threads.delete(thread);
      void thread.stop();
    }
    if (this.#threads.size > this.coreSize) return;
    this.#sweep?.cancel();
    this.#sweep = undefined;
  }
}
