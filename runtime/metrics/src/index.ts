export { bucketBoundsMs, bucketCount, bucketOf, bucketsPerOctave, percentile } from "./buckets.ts";
export {
  MeterRegistry,
  type MeterRegistryOptions,
  type MeterSnapshot,
  meterRegistryDefaults,
} from "./meter-registry.ts";
export { Counter, Gauge, type Tags, Timer } from "./meters.ts";
export { prometheusContentType, prometheusText } from "./prometheus-text.ts";
