import type { Cloud, GroupStatus, RefreshState } from "@holdfast/cloud-server";
import type { Zone } from "@holdfast/kernel";
import type { InstanceObservation } from "@holdfast/wire";
import type { GroupInstanceView, ServerGroupView } from "@holdfast/wire/control";
import { parseName } from "@holdfast/wire/frigga";
import { writtenRun } from "../control/application-groups.ts";
import { serviceReason } from "../control/views.ts";

/** A server group as control's API tells of it. */
export function groupView(cloud: Cloud, status: GroupStatus, zones: readonly Zone[]): ServerGroupView {
  const { group } = status;
  const { definition, settings } = group;
  const standing = status.instances.filter(({ state }) => state !== "stopped");
  const up = standing.filter((instance) => cloud.lifecycleOf(instance) === "InService" && instance.state === "up");
  const upIn = (zone: Zone): number => up.filter(({ spec }) => spec.zone.name === zone.name).length;
  const { suspended, warmPool, maxInstanceLifetimeMs, httpCheck, ...rest } = settings;
  return {
    name: group.name,
    cluster: group.cluster,
    application: definition.application,
    service: definition.service,
    sequence: parseName(group.name).sequence ?? null,
    primary: status.isPrimary,
    state: group.deletingAtMs !== undefined ? "destroying" : group.disabledAtMs === undefined ? "enabled" : "disabled",
    min: definition.scale.min,
    desired: group.desired,
    max: definition.scale.max,
    up: up.length,
    zones: Object.fromEntries(zones.map((zone) => [zone.name, upIn(zone)])),
    image: definition.template.image,
    run: writtenRun(definition),
    suspended: [...suspended],
    settings: {
      ...rest,
      terminationPolicies: [...rest.terminationPolicies],
      healthChecks: [...rest.healthChecks],
      httpCheck: httpCheck ?? null,
      hooks: [...rest.hooks],
      maxInstanceLifetimeMs: maxInstanceLifetimeMs ?? null,
      warmPool:
        warmPool === undefined ? null : { ...warmPool, maxPreparedCapacity: warmPool.maxPreparedCapacity ?? null },
    },
    reason: up.length >= group.desired && status.waits.length === 0 ? "" : serviceReason(status),
    paused: group.rollout?.paused ?? "",
    refresh: group.refresh === undefined ? null : refreshView(group.refresh),
    createdAt: iso(group.createdAtMs),
    instances: standing.map((instance) => instanceView(cloud, status, instance)),
  };
}

function instanceView(cloud: Cloud, { group }: GroupStatus, instance: InstanceObservation): GroupInstanceView {
  const { spec } = instance;
  const mark = group.marks[spec.id];
  return {
    id: spec.id,
    zone: spec.zone.name,
    serverGroup: spec.serverGroup,
    status: instance.state,
    lifecycle: cloud.lifecycleOf(instance),
    protected: mark?.protected === true,
    health: cloud.healthOf(instance).map((verdict) => ({ ...verdict })),
    waitsFor: [...(mark?.hook?.waiting ?? [])],
    reason: instance.reason,
    address: spec.address,
    port: spec.port,
    ...(spec.place === undefined ? {} : { host: spec.place.host }),
    startedAt: iso(instance.startedAtMs),
  };
}

function refreshView(refresh: RefreshState): NonNullable<ServerGroupView["refresh"]> {
  const { status, percent, instances, reason, startedAtMs, endedAtMs, waitsUntilMs } = refresh;
  return {
    status,
    percent,
    instances: instances.length,
    reason,
    startedAt: iso(startedAtMs),
    endedAt: endedAtMs === undefined ? null : iso(endedAtMs),
    waitsUntil: waitsUntilMs === undefined ? null : iso(waitsUntilMs),
  };
}

function iso(wallMs: number): string {
  return new Date(wallMs).toISOString();
}
