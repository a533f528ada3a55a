import { existsSync, readFileSync } from "node:fs";
import { codeOf, messageOf, newInstanceId, OptionError, PlatformError, type Random } from "@holdfast/kernel";
import { Env, type SidecarSettings } from "@holdfast/wire";
import { type SidecarOptions, sidecarDefaults } from "../options.ts";
import { parsePropertiesFile } from "./properties-file.ts";

/** What a command line says; the first three are Prana's. */
export interface SidecarFlags {
  /** `-p`: where the parent finds the sidecar. */
  readonly httpPortApi?: string | undefined;
  /** `-a`. */
  readonly appName?: string | undefined;
  /** `-c`: a properties file. Default: `prana.properties` where there is one. */
  readonly config?: string | undefined;
  readonly healthUrl?: string | undefined;
  readonly parentHost?: string | undefined;
  readonly parentPort?: string | undefined;
  /** Listen there for callers, in front of the parent. */
  readonly front?: string | undefined;
  /** Base URLs of registries, separated by commas. */
  readonly registry?: string | undefined;
  /** After `--`. */
  readonly command?: readonly string[] | undefined;
}

export interface SidecarProgram {
  readonly options: SidecarOptions;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** From the properties file. */
  readonly properties: ReadonlyMap<string, string>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** What Holdfast's control says, to a sidecar that an agent starts: in front, on the instance's own address. */
export function programOfSettings(text: string, environment: Environment): SidecarProgram {
  const settings: SidecarSettings = JSON.parse(text);
  const { HOST: host = "127.0.0.1" } = environment;
  const address = host.startsWith("127.") ? host : "127.0.0.1";
  const { healthPath, healthTimeoutMs, drainMs } = settings;
  return {
    environment,
    properties: new Map(),
    options: {
      ...sidecarDefaults,
      apiHost: address,
      anyApiPort: true,
      inFront: true,
      parentHost: address,
      parentPort: 0,
      command: settings.command,
      ...(healthPath === undefined ? {} : { healthPath }),
      ...(healthTimeoutMs === undefined ? {} : { healthTimeoutMs }),
      ...(drainMs === undefined ? {} : { drainMs }),
    },
  };
}

/**
 * What a command line, the properties file it names and the environment say, in this order. Prana's keys are read:
 * `eureka.name`, `eureka.port`, `eureka.serviceUrl.default`, `prana.host.healthcheck.url`, `prana.host.healthcheck.timeout`.
 *
 * @throws OptionError by the flag; PlatformError `CONFIG_UNREADABLE` for the file.
 */
export function programOfFlags(flags: SidecarFlags, environment: Environment, random: Random): SidecarProgram {
  const properties = readProperties(flags.config);
  const said = (key: string): string | undefined => properties.get(key) || undefined;
  const front = portOf("--front", flags.front);
  const given = flags.parentPort ?? said("eureka.port");
  const command = flags.command === undefined || flags.command.length === 0 ? undefined : flags.command;
  const parentPort = portOf("--parent-port", given) ?? (front === undefined || command === undefined ? 7_001 : 0);
  const parentHost = flags.parentHost ?? said("eureka.hostname") ?? "127.0.0.1";
  const healthUrl = flags.healthUrl ?? said("prana.host.healthcheck.url");
  const app = flags.appName ?? said("eureka.name") ?? environment[Env.service] ?? "prana";
  const registries = flags.registry ?? said("eureka.serviceUrl.default") ?? environment[Env.registries] ?? "";
  const timeoutMs = Number(said("prana.host.healthcheck.timeout") ?? sidecarDefaults.healthTimeoutMs);
  return {
    properties,
    environment: {
      ...environment,
      [Env.service]: app,
      [Env.registries]: registries.replaceAll(/\s+/g, ""),
      [Env.instanceId]: environment[Env.instanceId] ?? newInstanceId(random),
      ...(front === undefined ? {} : { PORT: String(front) }),
    },
    options: {
      ...sidecarDefaults,
      app,
      apiPort: portOf("--http-port-api", flags.httpPortApi) ?? sidecarDefaults.apiPort,
      inFront: front !== undefined,
      parentHost,
      parentPort,
      healthTimeoutMs: timeoutMs,
      ...(healthUrl === undefined ? { healthPath: "/healthcheck" } : { healthUrl }),
      ...(command === undefined ? {} : { command }),
    },
  };
}

/** Prana's own, when it is there. */
const configDefault = "prana.properties";

function readProperties(given: string | undefined): Map<string, string> {
  const file = given ?? configDefault;
  if (given === undefined && !existsSync(file)) return new Map();
  try {
    return parsePropertiesFile(readFileSync(file, "utf8"));
  } catch (error) {
    const why = codeOf(error) === "ENOENT" ? "does not exist" : messageOf(error);
    throw new PlatformError("CONFIG_UNREADABLE", `${file}: ${why}`, {
      status: 400,
      next: "correct -c, or leave it out",
    });
  }
}

function portOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (text.trim() !== "" && Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new OptionError(flag, "a port from 0 to 65535", text);
}
