import type { Config } from "@holdfast/config";
import { type Clock, type Log, type Random, SystemClock, systemRandom } from "@holdfast/kernel";
import {
  IdSource,
  type OtelSettings,
  OtlpExporter,
  postTo,
  readOtelSettings,
  Sampling,
  SpanRing,
  samplingDefaults,
  Tracer,
} from "@holdfast/trace";
import { type Identity, readIdentity } from "./identity.ts";
import { serviceLog } from "./logs/process-logs.ts";
import { processConfig } from "./process-config.ts";

/** How a process traces: nothing at all where nobody takes the spans. */
export interface Tracing {
  readonly tracer: Tracer | undefined;
  /** Sends what is there, in at most so many ms. */
  flush(boundMs: number): Promise<void>;
}

const off: Tracing = { tracer: undefined, flush: async () => {} };
let shared: Tracing | undefined;

/**
 * The tracing of this process, as its `OTEL_…` variables say, made when first asked for. Properties `trace.sample`, `trace.slow.ms`
 * and `trace.failures.per.second` govern it while it runs.
 */
export function processTracing(): Tracing {
  if (shared !== undefined) return shared;
  const clock = new SystemClock();
  const log = serviceLog();
  const settings = readOtelSettings(process.env);
  for (const problem of settings.problems) log.warn("trace.setting.ignored", { problem });
  shared = startTracing(clock, systemRandom(), log, processConfig(), settings, readIdentity(process.env, undefined));
  return shared;
}

function startTracing(
  clock: Clock,
  random: Random,
  log: Log,
  config: Config,
  settings: OtelSettings,
  identity: Identity,
): Tracing {
  const { endpoint, disabled, protocol, compress, headers, timeoutMs } = settings;
  if (disabled || endpoint === undefined) return off;
  const ring = new SpanRing();
  const sampling = samplingOf(config, log, settings.sampler);
  const resource = resourceOf(settings, identity);
  const options = { protocol, compress, headers, timeoutMs, resource };
  const exporter = new OtlpExporter(clock, random, log, ring, postTo(endpoint), options);
  return {
    tracer: new Tracer(clock, IdSource.fromSystem(), sampling, ring),
    flush: (boundMs) => exporter.flush(boundMs),
  };
}

function samplingOf(config: Config, log: Log, sampler: OtelSettings["sampler"]): Sampling {
  const sampling = new Sampling();
  sampling.parentBased = sampler?.parentBased ?? samplingDefaults.parentBased;
  const follow = (key: string, fallback: number, set: (value: number) => void): void => {
    const property = config.property(key, fallback);
    const take = (value: number): void => {
      try {
        set(value);
      } catch (error) {
        log.warn("trace.property.ignored", { key, error });
      }
    };
    take(property.get());
    property.subscribe(take);
  };
  follow("trace.sample", sampler?.ratio ?? samplingDefaults.ratio, (ratio) => (sampling.ratio = ratio));
  follow("trace.slow.ms", samplingDefaults.slowMs, (ms) => (sampling.slowMs = ms));
  follow("trace.failures.per.second", samplingDefaults.failuresPerSecond, (n) => (sampling.failuresPerSecond = n));
  return sampling;
}

/** OpenTelemetry's names; what the variables say wins. */
function resourceOf(settings: OtelSettings, { service, instanceId, zone, region, environment, cluster }: Identity) {
  const all = {
    "service.name": settings.serviceName ?? service,
    "service.instance.id": instanceId,
    "cloud.region": region,
    "cloud.availability_zone": zone,
    "deployment.environment.name": environment,
    "holdfast.cluster": cluster,
    "telemetry.sdk.name": "holdfast",
    "telemetry.sdk.language": "nodejs",
    ...settings.resource,
  };
  return Object.entries(all).map(([key, value]) => ({ key, value }));
}
