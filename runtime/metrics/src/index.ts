export {
  MeterRegistry,
  type MeterRegistryOptions,
  type MeterSnapshot,
  meterRegistryDefaults,
} from "./meter-registry.ts";
export { bucketBoundsMs, bucketCount, bucketOf, bucketsPerOctave, percentile } from "./meters/buckets.ts";
export {
  percentileBounds,
  percentileBucketCount,
  percentileBucketOf,
  percentileValue,
} from "./meters/percentile-buckets.ts";
export { Counter, Gauge, type Tags, Timer } from "./meters.ts";
export { prometheusContentType, prometheusText } from "./prometheus-text.ts";
