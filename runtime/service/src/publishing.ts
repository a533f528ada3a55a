import { type Config, duration } from "@holdfast/config";
import type { Clock, Log, Random } from "@holdfast/kernel";
import { AtlasPublisher, httpPublishSender, type MeterRegistry, OtlpExporter, type Tags } from "@holdfast/metrics";
import type { Identity } from "./identity.ts";

/** Maxima are taken once: a registry has one publisher, however many services its process runs. */
const published = new WeakSet<MeterRegistry>();

interface Parts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly meters: MeterRegistry;
  readonly config: Config;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

interface Publisher {
  start(): void;
  stop(): Promise<void>;
}

/**
 * Sends the meters of a process to whom its properties name: `atlas.uri` (Spectator's, with `atlas.step`, default 1 m), live;
 * and to `OTEL_EXPORTER_OTLP_METRICS_ENDPOINT`. To nobody by default: the admin port shows them to all who ask. Returns the
 * way to stop, which sends the last values.
 */
export function startPublishing(parts: Parts, identity: Identity): () => Promise<void> {
  const { config, meters } = parts;
  if (published.has(meters)) return async () => {};
  published.add(meters);
  let atlas: Publisher | undefined;
  const uri = config.property("atlas.uri", "");
  const renew = (): void => {
    void atlas?.stop();
    atlas = atlasPublisher(parts, identity, uri.get());
    atlas?.start();
  };
  renew();
  const leave = uri.subscribe(renew);
  const otlp = otlpExporter(parts, identity);
  otlp?.start();
  return async () => {
    published.delete(meters);
    leave();
    await Promise.all([atlas?.stop(), otlp?.stop()]);
  };
}

function atlasPublisher(parts: Parts, identity: Identity, uri: string): Publisher | undefined {
  const { clock, random, log, meters, config } = parts;
  if (uri === "") return undefined;
  if (!isHttp(uri)) {
    log.warn("metrics.publisher.off", { property: "atlas.uri", why: "must be an http or https URL", uri });
    return undefined;
  }
  const stepMs = config.property("atlas.step", 60_000, { type: duration }).get();
  try {
    const options = { stepMs, commonTags: commonTagsOf(identity) };
    return new AtlasPublisher(clock, random, log, meters, httpPublishSender(clock, new URL(uri)), options);
  } catch (error) {
    log.warn("metrics.publisher.off", { property: "atlas.step", error });
    return undefined;
  }
}

function otlpExporter({ clock, random, log, meters, environment }: Parts, identity: Identity): Publisher | undefined {
  const endpoint = environment["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"] ?? "";
  if (!isHttp(endpoint)) return undefined;
  const resource = { "service.name": identity.service, "service.instance.id": identity.instanceId };
  return new OtlpExporter(clock, random, log, meters, httpPublishSender(clock, new URL(endpoint)), { resource });
}

/** Atlas' own names (Netflix's `nf.`), so that dashboards made for them fit. */
function commonTagsOf({ service, cluster, serverGroup, instanceId, region, zone }: Identity): Tags {
  return {
    "nf.app": service,
    "nf.cluster": cluster,
    "nf.asg": serverGroup,
    "nf.node": instanceId,
    "nf.region": region,
    "nf.zone": zone,
  };
}

function isHttp(uri: string): boolean {
  return URL.canParse(uri) && /^https?:$/.test(new URL(uri).protocol);
}
