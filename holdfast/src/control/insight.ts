import type { Cloud } from "@holdfast/cloud-server";
import { GroupAggregates, Scraper, type ScrapeTarget } from "@holdfast/insight-server";
import { type Clock, type Log, messageOf, type Random } from "@holdfast/kernel";
import type { MetricsSource } from "./control-model.ts";

/** Measures every instance that shows its metrics (those that link nothing of ours do not), until `signal` aborts. */
export function startInsight(
  clock: Clock,
  random: Random,
  log: Log,
  cloud: Pick<Cloud, "instances">,
  signal: AbortSignal,
): MetricsSource {
  const aggregates = new GroupAggregates();
  const targets = (): ScrapeTarget[] =>
    cloud
      .instances()
      .filter((instance) => instance.state === "up" && !instance.registeredByEngine)
      .map(({ spec: { service, id, address, adminPort }, startedAtMs }) => ({
        service,
        instance: id,
        address,
        adminPort,
        startedAtMs,
      }));
  const scraper = new Scraper(clock, random, log, aggregates, targets);
  scraper.run(signal).catch((error: unknown) => log.error("insight.stopped", { reason: messageOf(error) }));
  return {
    lastMinute: (service) => aggregates.lastMinute(service, clock.wallMs()),
    history: (service, sinceMs) =>
      aggregates.view(service, sinceMs).map(({ startMs, requests, errors, p50Ms, p99Ms }) => ({
        at: new Date(startMs).toISOString(),
        requests,
        errors,
        p50Ms,
        p99Ms,
      })),
    counts: {
      before: (instances) => aggregates.together(instances),
      look: (instances) => scraper.scrapeOnce(instances),
      watch: () => {
        const watch = aggregates.watch(clock.wallMs());
        return { since: (instances) => watch.together(instances), close: () => watch.close() };
      },
    },
  };
}
