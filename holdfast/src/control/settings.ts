import { PlatformError, type Zone } from "@holdfast/kernel";
import { Env, type PortName } from "@holdfast/wire";

/** Control's settings; handed over by `up` as JSON in the environment. All paths are absolute. */
export interface ControlSettings {
  readonly stateDirectory: string;
  readonly runDirectory: string;
  readonly zones: readonly Zone[];
  /** Zone name → Unix socket of its agent. */
  readonly agentSockets: Readonly<Record<string, string>>;
  readonly ports: Readonly<Record<PortName, number>>;
  /** First port of the stack's block of 1,000: registries first, then everything else. */
  readonly portBase: number;
  readonly bundles: {
    readonly registry: string;
    readonly gateway: string;
    readonly balancer: string;
    readonly sidecar: string;
  };
  readonly mode: "netns" | "loopback" | "ports";
  readonly version: string;
}

/** @throws PlatformError `SETTINGS_MISSING` when control is started by hand instead of by `up`. */
export function readControlSettings(env: NodeJS.ProcessEnv): ControlSettings {
  const text = env[Env.settings];
  if (text === undefined) {
    throw new PlatformError("SETTINGS_MISSING", `control: ${Env.settings} is not set`, { next: "holdfast up" });
  }
  return JSON.parse(text);
}

/** The block after the ports that never change: one for each zone's registry, at least ten. */
export function instancePorts(settings: Pick<ControlSettings, "portBase" | "zones">): { first: number; last: number } {
  return { first: settings.portBase + Math.max(10, settings.zones.length), last: settings.portBase + 999 };
}
