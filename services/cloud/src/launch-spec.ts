import { addressOf, coordinatesOf, type InstanceId, type Zone } from "@holdfast/kernel";
import type { InstanceObservation, LaunchSpec } from "@holdfast/wire";
import type { ServerGroup } from "./group.ts";
import { freeHost, type PortRing } from "./slots.ts";

/** Builds the complete order for one new instance: where it stands, which ports it has, what it runs. */
export function launchSpec(
  group: ServerGroup,
  zone: Zone,
  id: InstanceId,
  ports: PortRing,
  standing: Iterable<InstanceObservation>,
): LaunchSpec {
  const { definition } = group;
  const { template, placement } = definition;
  const taken = takenBy(standing, zone);
  const fixedPort = placement.fixedPorts?.[zone.name];
  const port = fixedPort ?? ports.take(taken.ports);
  taken.ports.add(port);
  return {
    id,
    kind: definition.kind,
    application: definition.application,
    service: definition.service,
    cluster: group.cluster,
    serverGroup: group.name,
    zone,
    address: placement.address ?? addressOf(zone, placement.host ?? freeHost(zone.name, taken.hosts)),
    port,
    adminPort: ports.take(taken.ports),
    image: template.image,
    run: template.run,
    env: { ...template.env, ...template.zoneEnv[zone.name] },
    health: template.health,
    drainMs: template.drainMs,
    logBytesMax: template.logBytesMax,
    ...(template.runAs === undefined ? {} : { runAs: template.runAs }),
    ...(template.resources === undefined ? {} : { resources: template.resources }),
  };
}

function takenBy(standing: Iterable<InstanceObservation>, zone: Zone): { ports: Set<number>; hosts: Set<number> } {
  const ports = new Set<number>();
  const hosts = new Set<number>();
  for (const { spec, state } of standing) {
    if (state === "stopped") continue;
    ports.add(spec.port).add(spec.adminPort);
    const at = coordinatesOf(spec.address);
    if (at?.region === zone.region && at.zone === zone.zone) hosts.add(at.host);
  }
  return { ports, hosts };
}
