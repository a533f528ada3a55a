export { type AggregatePoint, GroupAggregates, type LastMinute } from "./group-aggregates.ts";
export { Scraper, type ScrapeTarget } from "./scraper.ts";
