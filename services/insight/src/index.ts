export { type AggregatePoint, GroupAggregates, type LastMinute } from "./group-aggregates.ts";
export type { CountedTogether, InstanceWatch } from "./instance-watch.ts";
export { Scraper, type ScrapeTarget } from "./scraper.ts";
