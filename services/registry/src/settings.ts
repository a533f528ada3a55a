import { OptionError } from "@holdfast/kernel";
import { Env, type RegistryRateLimit, type RegistrySettings } from "@holdfast/wire";

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads `HOLDFAST_SETTINGS`; without it, a registry that stands alone.
 *
 * @throws OptionError naming what cannot be used.
 */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): RegistrySettings {
  const text = environment[Env.settings];
  const place = { zone: environment[Env.zone], region: environment[Env.region] };
  if (text === undefined) return { name: place.zone ?? "alone", peers: [], ...defined(place) };
  const given: unknown = parse(text);
  if (!isFields(given)) throw new OptionError(Env.settings, "a JSON object", text);
  return { ...defined(place), ...checkSettings(given, Env.settings) };
}

/**
 * Checks settings from outside; `path` names them in what is thrown.
 *
 * @throws OptionError naming what cannot be used.
 */
export function checkSettings(given: Fields, path: string): RegistrySettings {
  const {
    name,
    peers = [],
    zone,
    region,
    profile,
    probe,
    eurekaPeers,
    remoteRegions,
    remoteRegionApps,
    rateLimit,
  } = given;
  // The name is part of every cursor.
  if (typeof name !== "string" || !/^[A-Za-z0-9._-]{1,64}$/.test(name)) {
    throw new OptionError(`${path}.name`, "1 to 64 letters, digits, dots, dashes or underscores", name);
  }
  return {
    name,
    peers: readUrls(`${path}.peers`, peers),
    ...defined({
      zone: zone === undefined ? undefined : readName(`${path}.zone`, zone),
      region: region === undefined ? undefined : readName(`${path}.region`, region),
      profile: profile === undefined ? undefined : readChoice(`${path}.profile`, profile, ["fast", "compat"] as const),
      probe: probe === undefined ? undefined : readChoice(`${path}.probe`, probe, ["off", "tcp", "http"] as const),
      eurekaPeers: eurekaPeers === undefined ? undefined : readUrls(`${path}.eurekaPeers`, eurekaPeers),
      remoteRegions: remoteRegions === undefined ? undefined : readRegions(`${path}.remoteRegions`, remoteRegions),
      remoteRegionApps:
        remoteRegionApps === undefined ? undefined : readApps(`${path}.remoteRegionApps`, remoteRegionApps),
      rateLimit: rateLimit === undefined ? undefined : readRateLimit(`${path}.rateLimit`, rateLimit),
    }),
  };
}

/** Without the fields that are undefined. */
function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readChoice<const T extends string>(path: string, value: unknown, choices: readonly T[]): T {
  const choice = choices.find((known) => known === value);
  if (choice === undefined) throw new OptionError(path, `one of ${choices.join(", ")}`, value);
  return choice;
}

function readName(path: string, value: unknown): string {
  if (typeof value === "string" && /^[A-Za-z0-9._-]{1,64}$/.test(value)) return value;
  throw new OptionError(path, "1 to 64 letters, digits, dots, dashes or underscores", value);
}

function readRegions(path: string, value: unknown): Record<string, string> {
  if (!isFields(value)) throw new OptionError(path, "region names with a URL each", value);
  return Object.fromEntries(
    Object.entries(value).map(([region, url]) => [readName(path, region), readUrl(`${path}.${region}`, url)]),
  );
}

/** Names of apps a region, or `global`. */
function readApps(path: string, value: unknown): Record<string, string[]> {
  if (!isFields(value)) throw new OptionError(path, "region names, or global, with a list of apps each", value);
  return Object.fromEntries(
    Object.entries(value).map(([region, apps]) => [readName(path, region), readTexts(`${path}.${region}`, apps)]),
  );
}

function readRateLimit(path: string, value: unknown): RegistryRateLimit {
  if (!isFields(value)) throw new OptionError(path, "an object", value);
  const { burstSize, registryFetchAverageRate, fullFetchAverageRate, throttleStandardClients, privilegedClients } =
    value;
  const throttles = throttleStandardClients;
  if (throttles !== undefined && typeof throttles !== "boolean") {
    throw new OptionError(`${path}.throttleStandardClients`, "true or false", throttles);
  }
  return defined({
    burstSize: readRate(`${path}.burstSize`, burstSize),
    registryFetchAverageRate: readRate(`${path}.registryFetchAverageRate`, registryFetchAverageRate),
    fullFetchAverageRate: readRate(`${path}.fullFetchAverageRate`, fullFetchAverageRate),
    throttleStandardClients: throttles,
    privilegedClients:
      privilegedClients === undefined ? undefined : readTexts(`${path}.privilegedClients`, privilegedClients),
  });
}

/** Absent is Eureka's default; 0 is no limit, as in Eureka. */
function readRate(path: string, value: unknown): number | undefined {
  if (value === undefined || (typeof value === "number" && Number.isFinite(value) && value >= 0)) return value;
  throw new OptionError(path, "a number from 0 on", value);
}

function readTexts(path: string, value: unknown): string[] {
  if (!Array.isArray(value)) throw new OptionError(path, "a list of texts", value);
  return value.map((item: unknown, i) => {
    if (typeof item === "string" && item !== "") return item;
    throw new OptionError(`${path}.${i}`, "a text", item);
  });
}

function readUrls(path: string, value: unknown): string[] {
  if (!Array.isArray(value)) throw new OptionError(path, "a list of URLs", value);
  return value.map((url, i) => readUrl(`${path}.${i}`, url));
}

function readUrl(path: string, value: unknown): string {
  if (typeof value === "string" && URL.canParse(value) && /^https?:/.test(value)) return value;
  throw new OptionError(path, "an http URL", value);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new OptionError(Env.settings, "JSON", text);
  }
}
