export { type AggregatePoint, GroupAggregates, type LastMinute } from "./group-aggregates.ts";
export { InstanceFigures } from "./instance-figures.ts";
export { Scraper, type ScrapeSink, type ScrapeTarget } from "./scraper.ts";
export { OtlpReceiver, type ReceiverOptions, receiverDefaults } from "./traces/otlp-receiver.ts";
export { type ReadSpans, readSpans } from "./traces/stored-span.ts";
export { type TraceQuery, TraceStore, type TraceStoreOptions, traceStoreDefaults } from "./traces/trace-store.ts";
