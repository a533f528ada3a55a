import { createHash } from "node:crypto";
import { join } from "node:path";
import { enterRouter } from "@holdfast/engine-process";
import { type Zone, zoneKey } from "@holdfast/kernel";
import {
  type AgentSettings,
  type ContainerPlace,
  type DoorSettings,
  Env,
  type NetworkPlace,
  operatorAddress,
  routerAddress,
} from "@holdfast/wire";
import { registryPlaces } from "../control/registry-urls.ts";
import type { ControlSettings } from "../control/settings.ts";
import { codeCacheOf } from "../stack/code-cache.ts";
import { runFiles } from "../stack/directories.ts";
import { instanceKeyFile } from "../stack/instance-key.ts";
import { withSystemPath } from "../stack/isolation.ts";
import type { StackFile } from "../stack/stack-file.ts";
import type { ProgramSpec } from "./managed-process.ts";

/** Base URLs of the registries, the one of `zone` first: host 1 of each zone, on the block's first ports, for ever. */
export function registryUrls(
  { zones, portBase, isolation = "loopback" }: Pick<StackFile, "zones" | "portBase" | "isolation">,
  own: Zone | undefined,
): string[] {
  const places = registryPlaces({ zones, portBase, mode: isolation });
  const isOwn = ({ name }: { readonly name: string }): boolean => name === own?.name;
  return [...places.filter(isOwn), ...places.filter((place) => !isOwn(place))].map(({ url }) => url);
}

/** `agent-1.2`: the agent of region 1, zone 2, and the beginning of its files' names. */
export function agentName(zone: Zone): string {
  return `agent-${zoneKey(zone)}`;
}

export function agentProgram(stack: StackFile, zone: Zone, platform: string, network?: NetworkPlace): ProgramSpec {
  const run = stack.runDirectory;
  const name = agentName(zone);
  const control = network === undefined ? operatorAddress : routerAddress;
  const settings: AgentSettings = {
    zone,
    socket: runFiles.agentSocket(run, zone),
    stateFile: runFiles.agentState(run, zone),
    pidFile: join(run, `${name}.pid`),
    logDirectory: join(stack.stateDirectory, "logs"),
    registries: registryUrls(stack, zone),
    viewDirectory: join(stack.stateDirectory, "views"),
    codeCache: codeCacheOf(stack.stateDirectory),
    configServers: [`http://${control}:${stack.ports.console}`],
    otlpEndpoint: `http://${control}:${stack.ports.otlp}`,
    instanceKeyFile: instanceKeyFile(stack.stateDirectory),
    ...(network === undefined ? {} : { network }),
    ...(stack.engine?.name === "container" ? { container: containerPlace(stack, stack.engine.socket, platform) } : {}),
  };
  const file = settings.container === undefined ? "agent.mjs" : "container-agent.mjs";
  return inside(network, program(stack, name, join(platform, file), settings));
}

/** The platform's own programs (the sidecar, what Node loads for faults) are seen in containers as they are here. */
function containerPlace({ stateDirectory }: StackFile, socket: string, platform: string): ContainerPlace {
  return { socket, stack: stateDirectory, readOnly: [platform] };
}

export function controlProgram(stack: StackFile, platform: string, network?: NetworkPlace): ProgramSpec {
  const settings: ControlSettings = {
    stateDirectory: stack.stateDirectory,
    runDirectory: stack.runDirectory,
    zones: stack.zones,
    agentSockets: Object.fromEntries(
      stack.zones.map((zone) => [zone.name, runFiles.agentSocket(stack.runDirectory, zone)]),
    ),
    ports: stack.ports,
    portBase: stack.portBase,
    bundles: {
      registry: join(platform, "registry.mjs"),
      gateway: join(platform, "gateway.mjs"),
      balancer: join(platform, "balancer.mjs"),
      sidecar: join(platform, "sidecar.mjs"),
      faultHook: join(platform, "fault-hook.mjs"),
    },
    mode: stack.isolation ?? "loopback",
    ...(network === undefined ? {} : { network: { ...network, delayRelay: join(platform, "delay-relay.mjs") } }),
    version: stack.version,
  };
  return inside(network, program(stack, "control", join(platform, "control.mjs"), settings));
}

/** Where people come in when the stack's network is its own; two, where the system lets them share their ports. */
export function doorPrograms(stack: StackFile, platform: string): ProgramSpec[] {
  const { ports, runDirectory: directory } = stack;
  const listener = (port: number, prefix: string): DoorSettings["listeners"][number] => ({
    address: operatorAddress,
    port,
    directory,
    prefix,
  });
  const settings: DoorSettings = {
    listeners: [
      listener(ports.edge, "edge-"),
      listener(ports.registry, "registry-"),
      listener(ports.console, "console"),
    ],
  };
  const names = process.platform === "linux" ? ["door-1", "door-2"] : ["door-1"];
  return names.map((name) => program(stack, name, join(platform, "door.mjs"), settings));
}

/** In the router's network, which reaches every instance, and which no fault cuts off. */
function inside(network: NetworkPlace | undefined, spec: ProgramSpec): ProgramSpec {
  return network === undefined ? spec : { ...spec, prefix: enterRouter(network) };
}

function program(stack: StackFile, name: string, file: string, settings: object): ProgramSpec {
  return {
    name,
    file,
    env: { ...cleanEnvironment(withSystemPath()), [Env.settings]: JSON.stringify(settings) },
    logFile: join(stack.stateDirectory, "logs", `${name}.log`),
    workingDirectory: stack.stateDirectory,
  };
}

/** What our own servers get of the user's environment: nothing that changes how Node runs, nothing of npm's. */
function cleanEnvironment(from: NodeJS.ProcessEnv): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(from)) {
    if (value !== undefined && !/^(npm_|NODE_|HOLDFAST_|FORCE_COLOR$)/.test(name)) kept[name] = value;
  }
  return kept;
}

/** Programs with the same fingerprint may be taken over; another one is replaced. */
export function fingerprintOf(spec: ProgramSpec): string {
  const text = JSON.stringify([spec.file, spec.env[Env.settings], process.version, spec.prefix]);
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
