export { AtlasPublisher, type AtlasPublisherOptions } from "./atlas/atlas-publisher.ts";
export { atlasTags } from "./atlas/atlas-tags.ts";
export type { Measurement } from "./atlas/measurement.ts";
export {
  type HttpSenderOptions,
  httpPublishSender,
  type PublishAnswer,
  type PublishSender,
} from "./atlas/publish-sender.ts";
export { endpointOf } from "./ipc/endpoint-of.ts";
export { IpcClientMeters } from "./ipc/ipc-client-meters.ts";
export { IpcServerMeters } from "./ipc/ipc-server-meters.ts";
export { type IpcStatus, ipcStatusOfHttp } from "./ipc/ipc-status.ts";
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
export { type EventLoopDelay, measureEventLoopDelay } from "./node/event-loop-delay.ts";
export { watchProcess } from "./node/watch-process.ts";
export { OtlpExporter, type OtlpExporterOptions } from "./otlp/otlp-exporter.ts";
export { type OtlpMetric, type OtlpMetrics, type OtlpScope, otlpMetrics } from "./otlp/otlp-metrics.ts";
export { AgeGauge } from "./patterns/age-gauge.ts";
export {
  ageBuckets,
  ageBucketsBiasOld,
  type BucketFunction,
  byteBuckets,
  decimalBuckets,
  latencyBuckets,
  latencyBucketsBiasSlow,
} from "./patterns/bucket-functions.ts";
export { BucketCounter, BucketDistributionSummary, BucketTimer } from "./patterns/bucket-meters.ts";
export {
  autoRollup,
  type CardinalityLimiter,
  firstValues,
  mostFrequentValues,
  otherValues,
  rolledUpValues,
} from "./patterns/cardinality-limiters.ts";
export { IntervalCounter } from "./patterns/interval-counter.ts";
export { type LongTask, LongTaskTimer } from "./patterns/long-task-timer.ts";
export { MonotonicCounter, MonotonicCounterUint } from "./patterns/monotonic-counter.ts";
export { pollMonotonic, pollValue } from "./patterns/polled.ts";
export { MeterRegistry, type MeterRegistryOptions, meterRegistryDefaults } from "./registry/meter-registry.ts";
export type { MeterSnapshot } from "./registry/snapshot.ts";
export {
  parseSpectatordLine,
  type SpectatordLine,
  type SpectatordType,
  spectatordId,
  spectatordLine,
} from "./spectatord/line.ts";
export { SpectatordReceiver, type SpectatordReceiverOptions } from "./spectatord/receiver.ts";
export { SpectatordSender, type SpectatordSenderOptions, type SpectatordTarget } from "./spectatord/sender.ts";
export {
  metricsText,
  openMetricsContentType,
  openMetricsText,
  prometheusContentType,
  prometheusText,
} from "./text/prometheus-text.ts";
