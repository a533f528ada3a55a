import type { CollapserState } from "../collapser-state.ts";
import type { CommandState } from "../command-state.ts";
import type { Everything } from "../everything.ts";
import type { ThreadPool } from "../threads/thread-pool.ts";

/**
 * The object of `config.stream` (Hystrix's SerialHystrixConfiguration). Two slips of the original are not repeated:
 * `isForcedClosed` and `percentileBucketCount` say what their names say.
 */
export function configMessage(all: Everything): Record<string, unknown> {
  return {
    type: "HystrixConfig",
    commands: Object.fromEntries([...all.commands].map((state) => [state.key, commandConfig(state)])),
    threadpools: Object.fromEntries([...all.pools].map((pool) => [pool.key, poolConfig(pool)])),
    collapsers: Object.fromEntries([...all.collapsers].map((state) => [state.key, collapserConfig(state)])),
  };
}

function commandConfig({ properties, group, threadPoolKey }: CommandState): Record<string, unknown> {
  return {
    threadPoolKey,
    groupKey: group,
    execution: {
      isolationStrategy: properties["execution.isolation.strategy"],
      threadPoolKeyOverride: null,
      requestCacheEnabled: properties["requestCache.enabled"],
      requestLogEnabled: properties["requestLog.enabled"],
      timeoutEnabled: properties["execution.timeout.enabled"],
      fallbackEnabled: properties["fallback.enabled"],
      timeoutInMilliseconds: properties["execution.isolation.thread.timeoutInMilliseconds"],
      semaphoreSize: properties["execution.isolation.semaphore.maxConcurrentRequests"],
      fallbackSemaphoreSize: properties["fallback.isolation.semaphore.maxConcurrentRequests"],
      threadInterruptOnTimeout: properties["execution.isolation.thread.interruptOnTimeout"],
    },
    metrics: {
      healthBucketSizeInMs: properties["metrics.healthSnapshot.intervalInMilliseconds"],
      percentileBucketSizeInMilliseconds:
        properties["metrics.rollingPercentile.timeInMilliseconds"] / properties["metrics.rollingPercentile.numBuckets"],
      percentileBucketCount: properties["metrics.rollingPercentile.numBuckets"],
      percentileEnabled: properties["metrics.rollingPercentile.enabled"],
      counterBucketSizeInMilliseconds:
        properties["metrics.rollingStats.timeInMilliseconds"] / properties["metrics.rollingStats.numBuckets"],
      counterBucketCount: properties["metrics.rollingStats.numBuckets"],
    },
    circuitBreaker: {
      enabled: properties["circuitBreaker.enabled"],
      isForcedOpen: properties["circuitBreaker.forceOpen"],
      isForcedClosed: properties["circuitBreaker.forceClosed"],
      requestVolumeThreshold: properties["circuitBreaker.requestVolumeThreshold"],
      errorPercentageThreshold: properties["circuitBreaker.errorThresholdPercentage"],
      sleepInMilliseconds: properties["circuitBreaker.sleepWindowInMilliseconds"],
    },
  };
}

function poolConfig({ properties }: ThreadPool): Record<string, unknown> {
  return {
    coreSize: properties.coreSize,
    maximumSize: properties.maximumSize,
    maxQueueSize: properties.maxQueueSize,
    queueRejectionThreshold: properties.queueSizeRejectionThreshold,
    keepAliveTimeInMinutes: properties.keepAliveTimeMinutes,
    allowMaximumSizeToDivergeFromCoreSize: properties.allowMaximumSizeToDivergeFromCoreSize,
    counterBucketSizeInMilliseconds:
      properties["metrics.rollingStats.timeInMilliseconds"] / properties["metrics.rollingStats.numBuckets"],
    counterBucketCount: properties["metrics.rollingStats.numBuckets"],
  };
}

function collapserConfig({ properties }: CollapserState): Record<string, unknown> {
  return {
    maxRequestsInBatch: properties.maxRequestsInBatch,
    timerDelayInMilliseconds: properties.timerDelayInMilliseconds,
    requestCacheEnabled: properties["requestCache.enabled"],
    metrics: {
      percentileBucketSizeInMilliseconds: 10_000,
      percentileBucketCount: 6,
      percentileEnabled: true,
      counterBucketSizeInMilliseconds: 1_000,
      counterBucketCount: 10,
    },
  };
}
