import { PlatformError, type Zone } from "@holdfast/kernel";
import { Env, type NetworkPlace, operatorAddress, type PortName, routerAddress } from "@holdfast/wire";
import type { Isolation } from "../stack/isolation.ts";

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
    readonly faultHook: string;
  };
  readonly mode: Isolation;
  /** Where the stack's network is; only in mode `netns`. Its doors ask at sockets in the run directory. */
  readonly network?: NetworkPlace & { readonly delayRelay: string };
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

/** Where control listens: in a network of its own at the router's address, which every instance reaches. */
export function listenAddress({ network }: Pick<ControlSettings, "network">): string {
  return network === undefined ? operatorAddress : routerAddress;
}
