import { samplingDefaults } from "../sampling.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** What the `OTEL_…` variables say (OpenTelemetry specification, "Environment variable specification" and "OTLP exporter"). */
export interface OtelSettings {
  /** `OTEL_SDK_DISABLED=true`: no spans at all. */
  readonly disabled: boolean;
  /** Where spans are sent; `undefined`: nowhere. */
  readonly endpoint: URL | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly protocol: "http/protobuf" | "http/json";
  readonly compress: boolean;
  /** How long one request may take, in ms. Default 10,000. */
  readonly timeoutMs: number;
  readonly serviceName: string | undefined;
  readonly resource: Readonly<Record<string, string>>;
  /** From `OTEL_TRACES_SAMPLER`; `undefined` when it does not say. */
  readonly sampler: { readonly ratio: number; readonly parentBased: boolean } | undefined;
  /** What could not be used, in a sentence each: such a variable counts as not set. */
  readonly problems: readonly string[];
}

/** Reads them; never throws. The variables of traces alone (`OTEL_EXPORTER_OTLP_TRACES_…`) win over the general ones. */
export function readOtelSettings(environment: Environment): OtelSettings {
  const problems: string[] = [];
  const read = (name: string): string | undefined => {
    const value = environment[name]?.trim();
    return value === undefined || value === "" ? undefined : value;
  };
  const ofTraces = (name: string): string | undefined =>
    read(`OTEL_EXPORTER_OTLP_TRACES_${name}`) ?? read(`OTEL_EXPORTER_OTLP_${name}`);
  return {
    disabled: read("OTEL_SDK_DISABLED")?.toLowerCase() === "true",
    endpoint: read("OTEL_TRACES_EXPORTER") === "none" ? undefined : endpointOf(read, problems),
    headers: pairs(ofTraces("HEADERS"), "OTEL_EXPORTER_OTLP_HEADERS", problems),
    protocol: protocolOf(ofTraces("PROTOCOL"), problems),
    compress: ofTraces("COMPRESSION") !== "none",
    timeoutMs: timeoutOf(ofTraces("TIMEOUT"), problems),
    serviceName: read("OTEL_SERVICE_NAME"),
    resource: pairs(read("OTEL_RESOURCE_ATTRIBUTES"), "OTEL_RESOURCE_ATTRIBUTES", problems),
    sampler: samplerOf(read("OTEL_TRACES_SAMPLER"), read("OTEL_TRACES_SAMPLER_ARG"), problems),
    problems,
  };
}

/** The one for traces is used as it is; the general one gets `/v1/traces` behind it. */
function endpointOf(read: (name: string) => string | undefined, problems: string[]): URL | undefined {
  const ofTraces = read("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
  const general = read("OTEL_EXPORTER_OTLP_ENDPOINT");
  const text = ofTraces ?? (general === undefined ? undefined : `${general.replace(/\/+$/, "")}/v1/traces`);
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  if (url !== null && (url.protocol === "http:" || url.protocol === "https:")) return url;
  problems.push("OTEL_EXPORTER_OTLP_ENDPOINT: must be an http or https URL");
  return undefined;
}

function protocolOf(text: string | undefined, problems: string[]): OtelSettings["protocol"] {
  if (text === undefined || text === "http/protobuf" || text === "http/json") return text ?? "http/protobuf";
  problems.push(`OTEL_EXPORTER_OTLP_PROTOCOL: must be http/protobuf or http/json, got ${JSON.stringify(text)}`);
  return "http/protobuf";
}

function timeoutOf(text: string | undefined, problems: string[]): number {
  const ms = Number(text ?? 10_000);
  if (ms > 0 && ms <= 600_000) return ms;
  problems.push("OTEL_EXPORTER_OTLP_TIMEOUT: must be a number of milliseconds from 1 to 600000");
  return 10_000;
}

function samplerOf(name: string | undefined, arg: string | undefined, problems: string[]): OtelSettings["sampler"] {
  if (name === undefined) return undefined;
  const parentBased = name.startsWith("parentbased_");
  switch (parentBased ? name.slice("parentbased_".length) : name) {
    case "always_on":
      return { ratio: 1, parentBased };
    case "always_off":
      return { ratio: 0, parentBased };
    case "traceidratio": {
      const ratio = Number(arg ?? 1);
      if (ratio >= 0 && ratio <= 1) return { ratio, parentBased };
      problems.push("OTEL_TRACES_SAMPLER_ARG: must be a number from 0 to 1");
      return { ratio: samplingDefaults.ratio, parentBased };
    }
    default:
      problems.push(`OTEL_TRACES_SAMPLER: ${JSON.stringify(name)} is none that is known`);
      return undefined;
  }
}

/** `key=value,key=value`, values percent-encoded. The values may be secrets: problems never show them. */
function pairs(text: string | undefined, variable: string, problems: string[]): Readonly<Record<string, string>> {
  const found = new Map<string, string>();
  for (const [i, part] of (text ?? "").split(",").entries()) {
    if (part.trim() === "") continue;
    const at = part.indexOf("=");
    const key = part.slice(0, at).trim();
    const value = decoded(part.slice(at + 1).trim());
    if (at < 1 || key === "" || value === undefined) problems.push(`${variable}: entry ${i + 1} is no key=value`);
    else found.set(key, value);
  }
  return Object.fromEntries(found);
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
