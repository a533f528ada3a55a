import type { RegistrationOptions } from "@holdfast/discovery";
import { type InstanceId, PlatformError, parseInstanceId } from "@holdfast/kernel";
import { Env, groupsOverrideBy } from "@holdfast/wire";

/** Who this process is, as its environment says. */
export interface Identity {
  readonly service: string;
  readonly instanceId: InstanceId;
  readonly application: string;
  readonly cluster: string;
  readonly serverGroup: string;
  readonly region: string;
  readonly zone: string;
  readonly environment: string;
  /** Empty when nobody started us: then there is nothing to register with. */
  readonly registries: readonly string[];
  /** Why callers are not to choose it until control says so; `undefined`: they may. */
  readonly outOfService: string | undefined;
  /** The host that placement chose, where hosts are declared; told to registries as the metadata `host`. */
  readonly placedOn?: string | undefined;
  readonly lastViewFile: string | undefined;
  readonly host: string;
  /** `undefined`: any free port. */
  readonly port: number;
  readonly adminPort: number | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the environment of DESIGN §6. Outside Holdfast: PORT or 3000, on HOST or 127.0.0.1, not registered. */
export function readIdentity(environment: Environment, name: string | undefined): Identity {
  const service = environment[Env.service] ?? name ?? "service";
  const rawId = environment[Env.instanceId];
  const instanceId = parseInstanceId(rawId ?? `standalone-${process.pid}`);
  if (instanceId === undefined) {
    throw new PlatformError("OPTION_INVALID", `${Env.instanceId}: ${rawId} is not an instance id`, { status: 400 });
  }
  return {
    service: service.toLowerCase(),
    instanceId,
    application: environment[Env.application] ?? service,
    cluster: environment[Env.cluster] ?? service,
    serverGroup: environment[Env.serverGroup] ?? `${service}-v000`,
    region: environment[Env.region] ?? "none",
    zone: environment[Env.zone] ?? "none",
    environment: environment[Env.environment] ?? "dev",
    registries: (environment[Env.registries] ?? "").split(",").filter((url) => url !== ""),
    placedOn: environment[Env.host] === "" ? undefined : environment[Env.host],
    outOfService: environment[Env.outOfService] === "" ? undefined : environment[Env.outOfService],
    lastViewFile: environment[Env.lastViewFile] === "" ? undefined : environment[Env.lastViewFile],
    host: environment["HOST"] ?? "127.0.0.1",
    port: readPort("PORT", environment["PORT"]) ?? 3_000,
    adminPort: readPort(Env.adminPort, environment[Env.adminPort]),
  };
}

function readPort(name: string, text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new PlatformError("OPTION_INVALID", `${name}: must be a port from 0 to 65535, got ${text}`, { status: 400 });
}

/** What the registries are to be told before they hear that it is up; nothing for most. */
export function outOfServiceOf({ outOfService }: Identity): Pick<RegistrationOptions, "outOfService"> {
  return outOfService === undefined ? {} : { outOfService: { by: groupsOverrideBy, reason: outOfService } };
}

/** The address to call others from. Only a loopback address of a zone is worth showing as ours. */
export function localAddressOf(host: string): string | undefined {
  return host.startsWith("127.") && host !== "127.0.0.1" ? host : undefined;
}
