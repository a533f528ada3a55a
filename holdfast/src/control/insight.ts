import type { Cloud } from "@holdfast/cloud-server";
import {
  GroupAggregates,
  InstanceFigures,
  Scraper,
  type ScrapeSink,
  type ScrapeTarget,
} from "@holdfast/insight-server";
import { type Clock, type Log, messageOf, type Random } from "@holdfast/kernel";
import type { Engine } from "@holdfast/wire";
import type { MetricsSource } from "./control-model.ts";
import { measureFromOutside } from "./outside-measures.ts";

/**
 * Measures every instance until `signal` aborts: by the metrics it shows, or, where it links nothing of ours, by what its
 * engine sees it use.
 */
export function startInsight(
  clock: Clock,
  random: Random,
  log: Log,
  cloud: Pick<Cloud, "instances">,
  engine: Pick<Engine, "usage">,
  signal: AbortSignal,
): MetricsSource {
  const aggregates = new GroupAggregates();
  const figures = new InstanceFigures();
  const sink: ScrapeSink = {
    add: (service, instance, snapshots, nowMs, startedAtMs) => {
      aggregates.add(service, instance, snapshots, nowMs, startedAtMs);
      figures.add(instance, snapshots, nowMs, startedAtMs);
    },
    forgetOld: (nowMs) => aggregates.forgetOld(nowMs),
  };
  const targets = (): ScrapeTarget[] => {
    const up = cloud.instances().filter((instance) => instance.state === "up");
    // Those that show nothing are there all the same: what is scaled by them must know how many it did not hear from.
    figures.look(
      up.map(({ spec }) => spec.id),
      clock.wallMs(),
    );
    return up
      .filter((instance) => !instance.registeredByEngine)
      .map(({ spec: { service, id, address, adminPort }, startedAtMs }) => ({
        service,
        instance: id,
        address,
        adminPort,
        startedAtMs,
      }));
  };
  const scraper = new Scraper(clock, random, log, sink, targets);
  scraper.run(signal).catch((error: unknown) => log.error("insight.stopped", { reason: messageOf(error) }));
  const outside = measureFromOutside(clock, engine, () => cloud.instances(), figures, signal);
  outside.catch((error: unknown) => log.error("insight.stopped", { reason: messageOf(error) }));
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
    figures,
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
