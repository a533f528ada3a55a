export { bucketBoundsMs, bucketCount, bucketOf, bucketsPerOctave, percentile } from "./meters/buckets.ts";
export { Counter } from "./meters/counter.ts";
export { DistributionSummary } from "./meters/distribution-summary.ts";
export { Gauge } from "./meters/gauge.ts";
export { MaxGauge } from "./meters/max-gauge.ts";
export {
  percentileBounds,
  percentileBucketCount,
  percentileBucketOf,
  percentileValue,
} from "./meters/percentile-buckets.ts";
export { PercentileDistributionSummary } from "./meters/percentile-summary.ts";
export { type PercentileRange, PercentileTimer } from "./meters/percentile-timer.ts";
export type { Tags } from "./meters/tags.ts";
export { Timer } from "./meters/timer.ts";
export { MeterRegistry, type MeterRegistryOptions, meterRegistryDefaults } from "./registry/meter-registry.ts";
export type { MeterSnapshot } from "./registry/snapshot.ts";
export {
  metricsText,
  openMetricsContentType,
  openMetricsText,
  prometheusContentType,
  prometheusText,
} from "./text/prometheus-text.ts";
