export { type AggregatePoint, GroupAggregates, type LastMinute } from "./group-aggregates.ts";
export { type ScrapeTarget, Scraper } from "./scraper.ts";
