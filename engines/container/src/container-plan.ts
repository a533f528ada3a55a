import type { StartOrder } from "@holdfast/engine";
import type { CreateBody, EngineInfo, HostConfig } from "./docker/docker-types.ts";
import { labelsOf } from "./labels.ts";
import type { ContainerRuntimeOptions } from "./settings.ts";

/** What the plan depends on beside the order: the machine and the engine. */
export interface EngineFacts {
  /** The logging drivers the engine has. */
  readonly logDrivers: readonly string[];
  /** The engine brings an init of its own that hands signals on. */
  readonly hasInit: boolean;
  /** Our own hard limits; nobody without rights may give others more. `undefined`: not known here, the engine's are used. */
  readonly limits: { readonly openFiles: number; readonly processes: number } | undefined;
}

const cpuPeriodUs = 100_000;
const cpuQuotaUsMin = 1_000;
/** Enough for any instance, and "unlimited" is no number. Podman's own limit of processes is 32,768; it cannot give more. */
const limitMax = 16_384;
/** Written to files, in this order of liking; others (journald, remote ones) cannot always be read back. */
const fileDrivers = ["local", "json-file", "k8s-file"];

/**
 * Puts together what the engine needs to know to make the container of `order`. Pure.
 *
 * @param namespace path of the network namespace it is to be in, where there is one for its address.
 */
export function planContainer(
  order: StartOrder,
  image: string,
  options: Pick<ContainerRuntimeOptions, "stack" | "network" | "readOnly">,
  facts: EngineFacts,
  namespace?: string,
): CreateBody {
  const { spec, command, environment } = order;
  const { network } = options;
  const bridge = network.kind === "bridge";
  return {
    Image: image,
    Entrypoint: [],
    Cmd: [command.file, ...command.args],
    Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    Labels: labelsOf(options.stack, spec),
    StopSignal: "SIGTERM",
    HostConfig: {
      NetworkMode: bridge ? network.name : namespace === undefined ? "host" : `ns:${namespace}`,
      Binds: (options.readOnly ?? []).map((path) => `${path}:${path}:ro`),
      ReadonlyRootfs: true,
      Tmpfs: { "/tmp": "rw,nosuid,nodev,mode=1777" },
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      LogConfig: logConfig(spec.logBytesMax, facts.logDrivers),
      RestartPolicy: { Name: "no" },
      Ulimits: ulimits(facts.limits),
      // The first process of a pid namespace hears only signals it asked for: SIGTERM would do nothing to most programs. With
      // an init that one is first; without, the instance must not be.
      ...(facts.hasInit ? { Init: true } : { PidMode: "host" }),
      ...resources(order),
    },
    ...(bridge
      ? { NetworkingConfig: { EndpointsConfig: { [network.name]: { IPAMConfig: { IPv4Address: spec.address } } } } }
      : {}),
  };
}

/** What we know of the engine, and of our own limits from `/proc/self/limits`. */
export function engineFacts(info: EngineInfo, ownLimits: string): EngineFacts {
  const hard = (name: string): number => {
    const value = new RegExp(`^${name}\\s+\\S+\\s+(\\S+)`, "m").exec(ownLimits)?.[1];
    return Math.min(limitMax, value === "unlimited" ? limitMax : Number(value));
  };
  const limits = { openFiles: hard("Max open files"), processes: hard("Max processes") };
  return {
    logDrivers: info.Plugins?.Log ?? [],
    hasInit: (info.InitBinary ?? "") !== "",
    limits: Number.isNaN(limits.openFiles + limits.processes) ? undefined : limits,
  };
}

/** Our own copy of the output is bounded elsewhere; this bounds the engine's. */
function logConfig(bytesMax: number, drivers: readonly string[]): HostConfig["LogConfig"] {
  const Type = fileDrivers.find((driver) => drivers.includes(driver)) ?? "json-file";
  return { Type, Config: { "max-size": `${Math.max(1, Math.ceil(bytesMax / 1_024))}k` } };
}

/** Both, or none: given one only, Podman sets the other to more than it may (delivery.md §4.1). */
function ulimits(limits: EngineFacts["limits"]): HostConfig["Ulimits"] {
  if (limits === undefined) return [];
  return [
    { Name: "nofile", Soft: limits.openFiles, Hard: limits.openFiles },
    { Name: "nproc", Soft: limits.processes, Hard: limits.processes },
  ];
}

function resources({ spec }: StartOrder): Partial<HostConfig> {
  const { cpu, memoryBytes } = spec.resources ?? {};
  return {
    // As much with swap as without: none.
    ...(memoryBytes === undefined ? {} : { Memory: memoryBytes, MemorySwap: memoryBytes }),
    ...(cpu === undefined
      ? {}
      : { CpuPeriod: cpuPeriodUs, CpuQuota: Math.max(cpuQuotaUsMin, Math.round(cpu * cpuPeriodUs)) }),
  };
}
