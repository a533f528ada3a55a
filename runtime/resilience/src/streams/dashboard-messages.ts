import { Collapsed, type CollapserState } from "../collapser-state.ts";
import type { CommandState } from "../command-state.ts";
import type { CommandEvent } from "../events.ts";
import { type LatencyWindow, noLatency, type Percentiles } from "../latency-window.ts";
import type { ThreadPool } from "../threads/thread-pool.ts";
import { InOrder } from "./in-order.ts";

// Names and order of the fields are those of Hystrix's SerialHystrixDashboardData: readers of the stream know them by name,
// and comparisons with other writers of it by order.

const rollingCounts: readonly (readonly [string, CommandEvent])[] = [
  ["BadRequests", "BAD_REQUEST"],
  ["CollapsedRequests", "COLLAPSED"],
  ["Emit", "EMIT"],
  ["ExceptionsThrown", "EXCEPTION_THROWN"],
  ["Failure", "FAILURE"],
  ["FallbackEmit", "FALLBACK_EMIT"],
  ["FallbackFailure", "FALLBACK_FAILURE"],
  ["FallbackMissing", "FALLBACK_MISSING"],
  ["FallbackRejection", "FALLBACK_REJECTION"],
  ["FallbackSuccess", "FALLBACK_SUCCESS"],
  ["ResponsesFromCache", "RESPONSE_FROM_CACHE"],
  ["SemaphoreRejected", "SEMAPHORE_REJECTED"],
  ["ShortCircuited", "SHORT_CIRCUITED"],
  ["Success", "SUCCESS"],
  ["ThreadPoolRejected", "THREAD_POOL_REJECTED"],
  ["Timeout", "TIMEOUT"],
];
const latencyShares = ["0", "25", "50", "75", "90", "95", "99", "99.5", "100"];
const sizeShares = ["25", "50", "75", "90", "95", "99", "99.5", "100"];

/** One `HystrixCommand` object of `/hystrix.stream`. */
export function commandMessage(state: CommandState): Record<string, unknown> {
  const nowMs = state.clock.monotonicMs();
  state.breaker.look(nowMs);
  const health = state.breaker.health(nowMs);
  const execute = latencyOf(state, state.latencyOfRuns, nowMs);
  const total = latencyOf(state, state.latencyInAll, nowMs);
  return {
    type: "HystrixCommand",
    name: state.key,
    group: state.group,
    currentTime: state.clock.wallMs(),
    isCircuitBreakerOpen: state.breaker.isOpen(),
    errorPercentage: health.errorPercentage,
    errorCount: health.errors,
    requestCount: health.requests,
    ...Object.fromEntries(
      rollingCounts.map(([name, event]) => [`rollingCount${name}`, state.rolling(event, nowMs)] as const),
    ),
    currentConcurrentExecutionCount: state.active,
    rollingMaxConcurrentExecutionCount: state.rolling("COMMAND_MAX_ACTIVE", nowMs),
    latencyExecute_mean: Math.round(execute.mean),
    latencyExecute: percentilesOf(execute, latencyShares),
    latencyTotal_mean: Math.round(total.mean),
    latencyTotal: percentilesOf(total, latencyShares),
    ...propertyValues(state),
    reportingHosts: 1,
    threadPool: state.threadPoolKey,
  };
}

/** One `HystrixThreadPool` object. */
export function threadPoolMessage(pool: ThreadPool): Record<string, unknown> {
  const { properties } = pool;
  return {
    type: "HystrixThreadPool",
    name: pool.key,
    currentTime: pool.clock.wallMs(),
    currentActiveCount: pool.active,
    currentCompletedTaskCount: pool.completed,
    currentCorePoolSize: pool.coreSize,
    currentLargestPoolSize: pool.largest,
    currentMaximumPoolSize: pool.maximumSize,
    currentPoolSize: pool.size,
    currentQueueSize: pool.queued,
    currentTaskCount: pool.completed + pool.active + pool.queued,
    rollingCountThreadsExecuted: pool.rollingExecuted,
    rollingMaxActiveThreads: pool.rollingMaxActive,
    rollingCountCommandRejections: pool.rollingRejected,
    propertyValue_queueSizeRejectionThreshold: properties.queueSizeRejectionThreshold,
    propertyValue_metricsRollingStatisticalWindowInMilliseconds: properties["metrics.rollingStats.timeInMilliseconds"],
    reportingHosts: 1,
  };
}

/** One `HystrixCollapser` object. */
export function collapserMessage(state: CollapserState, nowMs: number, wallMs: number): Record<string, unknown> {
  const sizes = state.sizes.read(nowMs);
  const { properties } = state;
  return {
    type: "HystrixCollapser",
    name: state.key,
    currentTime: wallMs,
    rollingCountRequestsBatched: state.counts.sum(Collapsed.ADDED_TO_BATCH, nowMs),
    rollingCountBatches: state.counts.sum(Collapsed.BATCH_EXECUTED, nowMs),
    rollingCountResponsesFromCache: state.counts.sum(Collapsed.RESPONSE_FROM_CACHE, nowMs),
    batchSize_mean: Math.round(sizes.mean),
    batchSize: percentilesOf(sizes, sizeShares),
    propertyValue_requestCacheEnabled: properties["requestCache.enabled"],
    propertyValue_maxRequestsInBatch: properties.maxRequestsInBatch,
    propertyValue_timerDelayInMilliseconds: properties.timerDelayInMilliseconds,
    reportingHosts: 1,
  };
}

function propertyValues({ properties }: CommandState): Record<string, unknown> {
  const timeoutMs = properties["execution.isolation.thread.timeoutInMilliseconds"];
  return {
    propertyValue_circuitBreakerRequestVolumeThreshold: properties["circuitBreaker.requestVolumeThreshold"],
    propertyValue_circuitBreakerSleepWindowInMilliseconds: properties["circuitBreaker.sleepWindowInMilliseconds"],
    propertyValue_circuitBreakerErrorThresholdPercentage: properties["circuitBreaker.errorThresholdPercentage"],
    propertyValue_circuitBreakerForceOpen: properties["circuitBreaker.forceOpen"],
    propertyValue_circuitBreakerForceClosed: properties["circuitBreaker.forceClosed"],
    propertyValue_circuitBreakerEnabled: properties["circuitBreaker.enabled"],
    propertyValue_executionIsolationStrategy: strategyOf(properties["execution.isolation.strategy"]),
    propertyValue_executionIsolationThreadTimeoutInMilliseconds: timeoutMs,
    propertyValue_executionTimeoutInMilliseconds: timeoutMs,
    propertyValue_executionIsolationThreadInterruptOnTimeout:
      properties["execution.isolation.thread.interruptOnTimeout"],
    propertyValue_executionIsolationThreadPoolKeyOverride: null,
    propertyValue_executionIsolationSemaphoreMaxConcurrentRequests:
      properties["execution.isolation.semaphore.maxConcurrentRequests"],
    propertyValue_fallbackIsolationSemaphoreMaxConcurrentRequests:
      properties["fallback.isolation.semaphore.maxConcurrentRequests"],
    propertyValue_metricsRollingStatisticalWindowInMilliseconds: properties["metrics.rollingStats.timeInMilliseconds"],
    propertyValue_requestCacheEnabled: properties["requestCache.enabled"],
    propertyValue_requestLogEnabled: properties["requestLog.enabled"],
  };
}

/** Readers know two. */
function strategyOf(strategy: string): string {
  return strategy === "THREAD" ? "THREAD" : "SEMAPHORE";
}

function latencyOf(state: CommandState, others: LatencyWindow | undefined, nowMs: number): Percentiles {
  return state.latency?.read(nowMs, others === undefined ? [] : [others]) ?? noLatency;
}

/** Whole ms, as Hystrix writes them. */
function percentilesOf(read: Percentiles, shares: readonly string[]): InOrder {
  return new InOrder(shares.map((share) => [share, Math.round(read.at(Number(share)))]));
}
