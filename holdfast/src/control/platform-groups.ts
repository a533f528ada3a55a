import { dirname } from "node:path";
import type { GroupDefinition, LaunchTemplate, Placement } from "@holdfast/cloud-server";
import { parseDurationMs, reservedHosts } from "@holdfast/kernel";
import {
  type BalancerListener,
  type BalancerSettings,
  Env,
  type GatewaySettings,
  gatewaySettingsDefaults,
  healthCheckDefaults,
  operatorAddress,
  type RegistrySettings,
} from "@holdfast/wire";
import type { Application } from "@holdfast/wire/application";
import { runFiles } from "../stack/directories.ts";
import { withFaultHook } from "./fault-hook.ts";
import { registryPorts, registryUrls } from "./registry-urls.ts";
import type { ControlSettings } from "./settings.ts";

/** The application that the platform's own servers belong to. */
export const platformApplication = "holdfast";
export const logBytesMax = 5 * 1024 * 1024;
const drainMs = 10_000;

/**
 * A registry makes much that is needed for a moment only: a small young generation and one arena keep that from being
 * half of its memory (10,000 instances: 214 → 146 MB), and its collections short.
 */
const registryMemory = { NODE_OPTIONS: "--max-semi-space-size=2", MALLOC_ARENA_MAX: "1" };

/** Renewals of leases, several a second, would push out the traces that people look for. */
const tracesOfOthersOnly = { OTEL_TRACES_SAMPLER: "parentbased_always_off" };

/** One registry a zone, on an address and port that never change. */
export function registryGroup(settings: ControlSettings): GroupDefinition {
  const { zones, portBase, bundles } = settings;
  const urls = registryUrls(settings);
  const zoneEnv = zones.map((zone, index) => {
    const own: RegistrySettings = { name: zone.name, peers: urls.filter((_url, i) => i !== index) };
    return [zone.name, { [Env.settings]: JSON.stringify(own) }];
  });
  return {
    application: platformApplication,
    service: "registry",
    kind: "registry",
    template: {
      ...templateOf(settings, bundles.registry, { ...registryMemory, ...tracesOfOthersOnly }),
      zoneEnv: Object.fromEntries(zoneEnv),
    },
    scale: { min: zones.length, desired: zones.length, max: zones.length },
    placement: { ...placementIn(settings, reservedHosts.registry), fixedPorts: registryPorts(zones, portBase) },
  };
}

/** The edge of one application: a gateway a zone with its routes, and the balancers in front of them. */
export function edgeGroups(settings: ControlSettings, application: Application): GroupDefinition[] {
  return [gatewayGroup(settings, application), balancerGroup(settings)];
}

function gatewayGroup(settings: ControlSettings, application: Application): GroupDefinition {
  const zones = settings.zones.length;
  const gateway: GatewaySettings = { ...gatewaySettingsDefaults, routes: routesOf(application) };
  return {
    application: platformApplication,
    service: "gateway",
    kind: "gateway",
    template: templateOf(settings, settings.bundles.gateway, { [Env.settings]: JSON.stringify(gateway) }),
    scale: { min: 1, desired: zones, max: zones * 3 },
    placement: placementIn(settings, reservedHosts.gateway),
  };
}

/** The application's routes; without any, everything goes to its first service. */
function routesOf(application: Application): GatewaySettings["routes"] {
  const first = Object.keys(application.services)[0] ?? "";
  const routes = application.routes ?? [{ match: "/**", to: first, timeout: "10s", stripPrefix: false }];
  return routes.map(({ match, to, timeout, stripPrefix }) => ({
    match,
    to,
    stripPrefix,
    timeoutMs: parseDurationMs(timeout) ?? 10_000,
  }));
}

function balancerGroup(settings: ControlSettings): GroupDefinition {
  const { ports, bundles, network, runDirectory } = settings;
  const listener = (name: "edge" | "registry", target: string): BalancerListener => ({
    name,
    address: operatorAddress,
    port: ports[name],
    target,
    ...(network === undefined ? {} : { socket: runFiles.balancerSocket(runDirectory, name) }),
  });
  const balancer: BalancerSettings = { listeners: [listener("edge", "gateway"), listener("registry", "registry")] };
  // Two may listen on the same port only where the kernel shares connections out among them.
  const shared = process.platform === "linux";
  return {
    application: platformApplication,
    service: "balancer",
    kind: "balancer",
    template: templateOf(settings, bundles.balancer, { [Env.settings]: JSON.stringify(balancer) }),
    scale: shared ? { min: 1, desired: 2, max: 4 } : { min: 1, desired: 1, max: 1 },
    placement: { address: operatorAddress, exclusive: !shared },
  };
}

/** Of groups with a host number of their own in each zone, and of those with any. */
export function placementIn({ mode }: Pick<ControlSettings, "mode">, host?: number): Placement {
  if (mode === "ports") return { address: operatorAddress };
  return host === undefined ? {} : { host };
}

export function nodeCommand(bundle: string): string {
  return `node ${bundle.includes(" ") ? JSON.stringify(bundle) : bundle}`;
}

function templateOf(settings: ControlSettings, bundle: string, env: Record<string, string> = {}): LaunchTemplate {
  return {
    image: dirname(bundle),
    run: nodeCommand(bundle),
    env: withFaultHook(env, settings),
    zoneEnv: {},
    health: healthCheckDefaults,
    drainMs,
    logBytesMax,
  };
}
