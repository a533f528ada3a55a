import type { Cloud, GroupStatus } from "@holdfast/cloud-server";
import { type Zone, zoneKey } from "@holdfast/kernel";
import type { InstanceObservation } from "@holdfast/wire";
import type { InstanceView, ServiceView, ZoneView } from "@holdfast/wire/control";
import { writtenRun } from "./application-groups.ts";

/** What insight measured of one service over the last minute. */
export interface ServiceMetrics {
  readonly requestsPerSecond: number | null;
  readonly errorPercent: number | null;
  readonly p99Ms: number | null;
}

export function instanceView(instance: InstanceObservation): InstanceView {
  const { spec } = instance;
  return {
    id: spec.id,
    name: spec.service,
    kind: spec.kind,
    zone: spec.zone.name,
    region: spec.zone.regionName,
    address: spec.address,
    port: spec.port,
    pid: instance.pid ?? null,
    status: instance.state,
    since: new Date(instance.sinceMs).toISOString(),
    reason: instance.reason,
    reasonCode: instance.reasonCode,
    serverGroup: spec.serverGroup,
    ...(spec.place === undefined ? {} : { host: spec.place.host }),
    startedAt: new Date(instance.startedAtMs).toISOString(),
  };
}

/** One status a service: its primary group, with the strength and the instances of all groups that get traffic. */
export function serviceStatuses(groups: readonly GroupStatus[]): GroupStatus[] {
  return groups
    .filter(({ isPrimary }) => isPrimary)
    .map((primary) => {
      const others = groups.filter(
        ({ group, isPrimary }) =>
          group.cluster === primary.group.cluster &&
          !isPrimary &&
          group.disabledAtMs === undefined &&
          group.deletingAtMs === undefined,
      );
      if (others.length === 0) return primary;
      const all = [primary, ...others];
      const desired = all.reduce((sum, { group }) => sum + group.desired, 0);
      return {
        ...primary,
        group: { ...primary.group, desired },
        instances: all.flatMap(({ instances }) => instances),
        waits: all.flatMap(({ waits }) => waits),
        crash: all.find(({ crash }) => crash !== "")?.crash ?? "",
      };
    });
}

export function serviceView(
  status: GroupStatus,
  zones: readonly Zone[],
  metrics: ServiceMetrics | undefined,
): ServiceView {
  const { group } = status;
  const { definition } = group;
  const serving = status.instances.filter(
    ({ spec, state }) => state === "up" && group.marks[spec.id]?.standby !== true,
  );
  const upIn = (zone: Zone): number => serving.filter((instance) => instance.spec.zone.name === zone.name).length;
  const state = serviceState(status, serving.length);
  return {
    name: definition.service,
    kind: definition.kind,
    application: definition.application,
    cluster: group.cluster,
    serverGroup: group.name,
    state,
    reason: state === "healthy" ? "" : serviceReason(status),
    min: definition.scale.min,
    desired: group.desired,
    max: definition.scale.max,
    up: serving.length,
    zones: Object.fromEntries(zones.map((zone) => [zone.name, upIn(zone)])),
    run: writtenRun(definition),
    requestsPerSecond: metrics?.requestsPerSecond ?? null,
    errorPercent: metrics?.errorPercent ?? null,
    p99Ms: metrics?.p99Ms ?? null,
  };
}

function serviceState(status: GroupStatus, up: number): ServiceView["state"] {
  if (up >= status.group.desired) return "healthy";
  // Until a first deployment has once been complete, missing instances are no loss, unless they crash.
  if (status.group.rollout?.kind === "deploy" && status.crash === "") return "starting";
  return up === 0 ? "down" : "degraded";
}

/** Why a service is not at strength: what a launch waits for, the crashes so far, or what an instance waits for. */
export function serviceReason(status: GroupStatus): string {
  const [wait] = status.waits;
  if (wait !== undefined) return wait.zone === "" ? wait.reason : `${wait.zone} waits: ${wait.reason}`;
  const idle = status.instances.find((instance) => instance.state !== "up" && instance.state !== "stopped");
  if (status.crash !== "") {
    const now = idle === undefined ? "" : `; ${idle.spec.zone.name} is ${idle.state} again: ${idle.reason}`;
    return `${status.crash}${now}`;
  }
  if (idle !== undefined) return `${idle.spec.zone.name} ${idle.state}: ${idle.reason}`;
  return "";
}

export function zoneViews(cloud: Cloud): ZoneView[] {
  return cloud.zones().map(({ zone, state }) => {
    const here = cloud
      .instances()
      .filter((instance) => instance.spec.zone.name === zone.name && instance.state !== "stopped");
    return {
      name: zone.name,
      region: zone.regionName,
      key: zoneKey(zone),
      agent: state === "reachable" ? "up" : "unreachable",
      up: here.filter((instance) => instance.state === "up").length,
      total: here.length,
    };
  });
}
