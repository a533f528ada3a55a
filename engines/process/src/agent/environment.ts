import { delimiter, dirname, join } from "node:path";
import { Env, Headers, type LaunchSpec } from "@holdfast/wire";
import { cloudEnvironment } from "@holdfast/wire/frigga";

/** What an instance takes over from the agent's own environment. Everything else would make launches depend on a shell. */
const inherited = ["PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "USER"] as const;

export interface EnvironmentFacts {
  /** Path of the Node that runs the agent: its directory leads PATH, so that `node x.ts` is this Node. */
  readonly nodePath: string;
  /** Where the instance sees its image; the spec's own path unless it has files of its own. */
  readonly imageDirectory?: string;
  readonly registries: readonly string[];
  readonly configServers: readonly string[];
  readonly token: string;
  readonly lastViewFile: string | undefined;
  readonly configSnapshot: string | undefined;
  /** Where traces are sent; `undefined`: nowhere. */
  readonly otlpEndpoint: string | undefined;
  /** Where Node keeps what it has compiled, for the next instance; `undefined`: nowhere. */
  readonly codeCache: string | undefined;
}

/** The environment of one instance: a clean base, what the spec asks for, then the names of {@link Env}, `PORT`, `HOST`. */
export function environmentOf(
  spec: LaunchSpec,
  facts: EnvironmentFacts,
  own: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const name of inherited) {
    const value = own[name];
    if (value !== undefined) environment[name] = value;
  }
  environment[Env.registries] = facts.registries.join(",");
  if (facts.codeCache !== undefined) environment["NODE_COMPILE_CACHE"] = facts.codeCache;
  if (facts.lastViewFile !== undefined) environment[Env.lastViewFile] = facts.lastViewFile;
  if (facts.configServers.length > 0) {
    environment[Env.configServers] = facts.configServers.join(",");
    if (facts.configSnapshot !== undefined) environment[Env.configSnapshot] = facts.configSnapshot;
  }
  if (facts.otlpEndpoint !== undefined) Object.assign(environment, telemetryOf(spec, facts.otlpEndpoint, facts.token));
  Object.assign(environment, placeOf(spec), spec.env);
  const path = environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin";
  return Object.assign(environment, {
    PATH: [dirname(facts.nodePath), join(facts.imageDirectory ?? spec.image, "node_modules", ".bin"), path].join(
      delimiter,
    ),
    PORT: String(spec.port),
    HOST: spec.address,
    [Env.region]: spec.zone.regionName,
    [Env.zone]: spec.zone.name,
    [Env.application]: spec.application,
    [Env.service]: spec.service,
    [Env.cluster]: spec.cluster,
    [Env.serverGroup]: spec.serverGroup,
    [Env.instanceId]: spec.id,
    [Env.instanceToken]: facts.token,
    [Env.adminPort]: String(spec.adminPort),
  });
}

/** Asgard's variables, by which programs of that world know where they stand. */
function placeOf({ serverGroup, zone, application, env }: LaunchSpec): Record<string, string> {
  const environment = env[Env.environment] ?? "dev";
  return cloudEnvironment({ serverGroup, region: zone.regionName, environment, app: application });
}

/**
 * OpenTelemetry's variables, which every SDK of theirs reads, ours as well. What the application sets itself wins; with an
 * endpoint of its own it gets no token of ours, which would go there.
 */
function telemetryOf(spec: LaunchSpec, endpoint: string, token: string): Record<string, string> {
  const resource = {
    "service.instance.id": spec.id,
    "service.namespace": spec.application,
    "cloud.region": spec.zone.regionName,
    "cloud.availability_zone": spec.zone.name,
    "deployment.environment.name": spec.env[Env.environment] ?? "dev",
  };
  const identity = { [Env.otelServiceName]: spec.service, [Env.otelResource]: pairsOf(resource) };
  const ownEndpoint = Object.keys(spec.env).some((name) => /^OTEL_EXPORTER_OTLP_(\w+_)?ENDPOINT$/.test(name));
  if (ownEndpoint) return identity;
  return {
    ...identity,
    [Env.otlpEndpoint]: endpoint,
    [Env.otlpProtocol]: "http/protobuf",
    [Env.otlpHeaders]: pairsOf({ authorization: `Bearer ${token}`, [Headers.sender]: spec.id }),
  };
}

function pairsOf(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key}=${encodeURIComponent(value)}`)
    .join(",");
}
