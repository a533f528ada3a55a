import { addressOf, type InstanceId, type Zone } from "@holdfast/kernel";
import { Env, type HostPlace, type LaunchSpec } from "@holdfast/wire";
import type { ServerGroup } from "./group.ts";
import { freeHost, type PortRing } from "./slots.ts";
import type { Standing } from "./standing.ts";

/** Builds the complete order for one new instance: where it stands, which ports it has, what it runs. */
export function launchSpec(
  group: ServerGroup,
  zone: Zone,
  id: InstanceId,
  ports: PortRing,
  standing: Standing,
  place?: HostPlace,
): LaunchSpec {
  const { definition } = group;
  const { template, placement } = definition;
  const port = placement.fixedPorts?.[zone.name] ?? ports.take(standing.ports);
  return {
    id,
    kind: definition.kind,
    application: definition.application,
    service: definition.service,
    cluster: group.cluster,
    serverGroup: group.name,
    zone,
    address: placement.address ?? addressOf(zone, placement.host ?? freeHost(zone.name, standing.hosts(zone))),
    port,
    adminPort: ports.take({ has: (other) => other === port || standing.ports.has(other) }),
    image: template.image,
    run: template.run,
    env: {
      ...template.env,
      ...template.zoneEnv[zone.name],
      ...(place === undefined ? {} : { [Env.host]: place.host }),
    },
    health: template.health,
    drainMs: template.drainMs,
    logBytesMax: template.logBytesMax,
    ...(template.runAs === undefined ? {} : { runAs: template.runAs }),
    ...(template.resources === undefined ? {} : { resources: template.resources }),
    ...(place === undefined ? {} : { place }),
  };
}

/** The order for one that tells the registries, before they hear that it is up, that nobody is to choose it. */
export function launchedOutOfService(spec: LaunchSpec, reason: string): LaunchSpec {
  return { ...spec, env: { ...spec.env, [Env.outOfService]: reason } };
}

/** True for one that was launched so; whether it still is out of service is another question. */
export function wasLaunchedOutOfService({ env }: LaunchSpec): boolean {
  return env[Env.outOfService] !== undefined;
}
