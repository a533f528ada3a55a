import { PlatformError } from "@holdfast/kernel";

/**
 * The properties of a command by Hystrix's names (`hystrix.command.{key|default}.…`) with Hystrix's defaults, but for the
 * strategy: a Node process has one thread, so SEMAPHORE is what a plain `run` gets. Those from `slowCall…` on are ours.
 * Two are known and do nothing here: `interruptOnFutureCancel` (a call that is given up is always told so by its signal)
 * and `rollingPercentile.bucketSize` (our histograms keep all samples).
 */
export const commandPropertyDefaults = {
  "execution.isolation.strategy": "SEMAPHORE",
  "execution.isolation.thread.timeoutInMilliseconds": 1_000,
  "execution.timeout.enabled": true,
  "execution.isolation.thread.interruptOnTimeout": true,
  "execution.isolation.thread.interruptOnFutureCancel": false,
  "execution.isolation.semaphore.maxConcurrentRequests": 10,
  "fallback.isolation.semaphore.maxConcurrentRequests": 10,
  "fallback.enabled": true,
  "circuitBreaker.enabled": true,
  "circuitBreaker.requestVolumeThreshold": 20,
  "circuitBreaker.sleepWindowInMilliseconds": 5_000,
  "circuitBreaker.errorThresholdPercentage": 50,
  "circuitBreaker.forceOpen": false,
  "circuitBreaker.forceClosed": false,
  "metrics.rollingStats.timeInMilliseconds": 10_000,
  "metrics.rollingStats.numBuckets": 10,
  "metrics.rollingPercentile.enabled": true,
  "metrics.rollingPercentile.timeInMilliseconds": 60_000,
  "metrics.rollingPercentile.numBuckets": 6,
  "metrics.rollingPercentile.bucketSize": 100,
  "metrics.healthSnapshot.intervalInMilliseconds": 500,
  "requestCache.enabled": true,
  "requestLog.enabled": true,
  "circuitBreaker.slowCallDurationInMilliseconds": 60_000,
  "circuitBreaker.slowCallThresholdPercentage": 100,
  "circuitBreaker.halfOpenTrialCalls": 1,
  "circuitBreaker.halfOpenSuccessPercentage": 100,
  "circuitBreaker.retryAfterMaxInMilliseconds": 60_000,
  "circuitBreaker.sleepWindowJitterPercentage": 0,
};

/** `hystrix.threadpool.{key|default}.…` with Hystrix's defaults; `maxQueueSize` −1: no queue. */
export const threadPoolPropertyDefaults = {
  coreSize: 10,
  maximumSize: 10,
  keepAliveTimeMinutes: 1,
  maxQueueSize: -1,
  queueSizeRejectionThreshold: 5,
  allowMaximumSizeToDivergeFromCoreSize: false,
  "metrics.rollingStats.timeInMilliseconds": 10_000,
  "metrics.rollingStats.numBuckets": 10,
};

/** `hystrix.collapser.{key|default}.…` with Hystrix's defaults. */
export const collapserPropertyDefaults = {
  maxRequestsInBatch: 2_147_483_647,
  timerDelayInMilliseconds: 10,
  "requestCache.enabled": true,
};

export type PropertySet = Record<string, string | number | boolean>;
export type CommandProperties = Readonly<typeof commandPropertyDefaults>;
export type ThreadPoolProperties = Readonly<typeof threadPoolPropertyDefaults>;
export type CollapserProperties = Readonly<typeof collapserPropertyDefaults>;

const dayMs = 86_400_000;
const million = 1_000_000;
/** Smallest and largest whole number of each; a window and its buckets are judged together below. */
const ranges: Readonly<Record<string, readonly [number, number]>> = {
  "execution.isolation.thread.timeoutInMilliseconds": [1, dayMs],
  "execution.isolation.semaphore.maxConcurrentRequests": [0, million],
  "fallback.isolation.semaphore.maxConcurrentRequests": [0, million],
  "circuitBreaker.requestVolumeThreshold": [1, 4_294_967_295],
  "circuitBreaker.sleepWindowInMilliseconds": [0, dayMs],
  "circuitBreaker.errorThresholdPercentage": [0, 100],
  "metrics.rollingStats.timeInMilliseconds": [10, dayMs],
  "metrics.rollingStats.numBuckets": [1, 1_000],
  "metrics.rollingPercentile.timeInMilliseconds": [10, dayMs],
  "metrics.rollingPercentile.numBuckets": [1, 1_000],
  "metrics.rollingPercentile.bucketSize": [1, million],
  "metrics.healthSnapshot.intervalInMilliseconds": [0, 3_600_000],
  "circuitBreaker.slowCallDurationInMilliseconds": [1, dayMs],
  "circuitBreaker.slowCallThresholdPercentage": [1, 100],
  "circuitBreaker.halfOpenTrialCalls": [1, 10_000],
  "circuitBreaker.halfOpenSuccessPercentage": [1, 100],
  "circuitBreaker.retryAfterMaxInMilliseconds": [0, dayMs],
  "circuitBreaker.sleepWindowJitterPercentage": [0, 100],
  coreSize: [1, 1_024],
  maximumSize: [1, 1_024],
  keepAliveTimeMinutes: [0, 1_440],
  maxQueueSize: [-1, million],
  queueSizeRejectionThreshold: [0, million],
  maxRequestsInBatch: [1, 2_147_483_647],
  timerDelayInMilliseconds: [1, 60_000],
};

/** What `value` must be, if it is not; `undefined` when it is fit. `like` is the default. */
export function faultOf(name: string, value: unknown, like: string | number | boolean): string | undefined {
  if (typeof value !== typeof like) return `a ${typeof like}`;
  if (name === "execution.isolation.strategy") {
    // A function cannot leave its thread, and a module's export is called in another.
    return value === like
      ? undefined
      : `${like} (THREAD is for a command with \`worker\`, ADAPTIVE for one with \`limiter\`, SEMAPHORE for all others)`;
  }
  if (typeof value !== "number") return undefined;
  const [min, max] = ranges[name] ?? [0, Number.MAX_SAFE_INTEGER];
  return Number.isInteger(value) && value >= min && value <= max ? undefined : `a whole number from ${min} to ${max}`;
}

/** Hystrix's own rule: a window is a whole multiple of its buckets. */
export function windowFaultOf(properties: Readonly<PropertySet>): { name: string; expected: string } | undefined {
  for (const window of ["metrics.rollingStats", "metrics.rollingPercentile"]) {
    const name = `${window}.timeInMilliseconds`;
    const time = properties[name];
    const buckets = properties[`${window}.numBuckets`];
    if (typeof time !== "number" || typeof buckets !== "number" || time % buckets === 0) continue;
    return { name, expected: `a multiple of ${window}.numBuckets, ${buckets}` };
  }
  return undefined;
}

/** A property that cannot be used, named by its path. */
export function propertyError(path: string, expected: string, got: unknown): PlatformError<"COMMAND_PROPERTY_INVALID"> {
  return new PlatformError(
    "COMMAND_PROPERTY_INVALID",
    `${path}: must be ${expected}, got ${JSON.stringify(got) ?? String(got)}`,
    {
      details: { path, expected },
      status: 400,
      next: "correct the property where the command is made",
    },
  );
}
