import type { GroupDefinition, ScaleBounds } from "@holdfast/cloud-server";
import { parseCommand } from "@holdfast/engine-process";
import { PlatformError, parseBytes, parseDurationMs } from "@holdfast/kernel";
import {
  Env,
  type HealthCheck,
  type HttpHealthCheck,
  healthCheckDefaults,
  httpHealthCheckDefaults,
  type ResourceLimits,
  type SidecarSettings,
} from "@holdfast/wire";
import type { Application, ServiceDefinition } from "@holdfast/wire/application";
import { demandOf } from "./application-hosts.ts";
import { withFaultHook } from "./fault-hook.ts";
import { logBytesMax, nodeCommand, placementIn } from "./platform-groups.ts";
import type { ControlSettings } from "./settings.ts";

/**
 * The server groups of an application: one a service.
 *
 * @throws PlatformError `IMAGE_MISSING` when `images` lacks one of its services.
 */
export function applicationGroups(
  name: string,
  application: Application,
  images: Readonly<Record<string, string>>,
  settings: Pick<ControlSettings, "zones" | "bundles" | "mode" | "runDirectory">,
): GroupDefinition[] {
  return Object.entries(application.services).map(([service, definition]) => {
    const image = images[service];
    if (image === undefined) {
      throw new PlatformError("IMAGE_MISSING", `${service}: the request names no image for it`, {
        status: 422,
        next: `add images.${service}: the absolute path of its image directory`,
      });
    }
    const program = programOf(service, definition, settings.bundles.sidecar);
    return {
      application: name,
      service,
      kind: "app",
      template: {
        image,
        run: program.run,
        env: withFaultHook({ [Env.environment]: application.environment, ...definition.env, ...program.env }, settings),
        zoneEnv: {},
        health: healthOf(definition),
        drainMs: drainMsOf(definition),
        logBytesMax,
        ...resourcesOf(definition),
        ...(definition.engine === undefined ? {} : { runAs: definition.engine }),
      },
      ...settingsOf(definition),
      scale: scaleOf(definition, settings.zones.length),
      placement: placementIn(settings),
      ...(application.hosts === undefined ? {} : { demand: demandOf(definition) }),
    };
  });
}

/** What an instance runs: the service's command, or the sidecar that runs it. */
function programOf(
  service: string,
  definition: ServiceDefinition,
  sidecar: string,
): { readonly run: string; readonly env: Record<string, string> } {
  if (!definition.sidecar) return { run: definition.run, env: {} };
  const command = parseCommand(definition.run);
  if (command === undefined) {
    throw new PlatformError("RUN_UNREADABLE", `services.${service}.run: its quotes do not end`, {
      status: 422,
      next: `correct run: ${definition.run}`,
    });
  }
  const { path, timeout } = definition.health ?? {};
  const healthTimeoutMs = timeout === undefined ? undefined : parseDurationMs(timeout);
  const settings: SidecarSettings = {
    command: [command.file, ...command.args],
    drainMs: drainMsOf(definition),
    ...(path === undefined ? {} : { healthPath: path }),
    ...(healthTimeoutMs === undefined ? {} : { healthTimeoutMs }),
  };
  return { run: nodeCommand(sidecar), env: { [Env.settings]: JSON.stringify(settings) } };
}

/** The command as people wrote it, also where a sidecar runs it. */
export function writtenRun({ kind, template }: Pick<GroupDefinition, "kind" | "template">): string {
  const settings = template.env[Env.settings];
  if (kind !== "app" || settings === undefined) return template.run;
  const { command }: Partial<SidecarSettings> = JSON.parse(settings);
  return command === undefined ? template.run : `${command.join(" ")} (behind a sidecar)`;
}

function resourcesOf({ resources }: ServiceDefinition): { readonly resources?: ResourceLimits } {
  if (resources === undefined) return {};
  const { cpu, memory } = resources;
  const memoryBytes = memory === undefined ? undefined : parseBytes(memory);
  return {
    resources: { ...(cpu === undefined ? {} : { cpu }), ...(memoryBytes === undefined ? {} : { memoryBytes }) },
  };
}

/** How its groups look after their instances, where the file says so. */
function settingsOf({ health }: ServiceDefinition): Pick<GroupDefinition, "settings"> {
  if (health === undefined) return {};
  const { checks, grace, http } = health;
  const httpCheck = http === undefined ? undefined : httpCheckOf(http);
  const graceMs = grace === undefined ? undefined : parseDurationMs(grace);
  const settings = {
    ...(checks === undefined ? {} : { healthChecks: checks }),
    ...(httpCheck === undefined ? {} : { httpCheck }),
    ...(graceMs === undefined ? {} : { healthCheckGraceMs: graceMs }),
  };
  return Object.keys(settings).length === 0 ? {} : { settings };
}

function httpCheckOf({
  interval,
  timeout,
  ...check
}: NonNullable<NonNullable<ServiceDefinition["health"]>["http"]>): HttpHealthCheck {
  return {
    ...check,
    intervalMs: parseDurationMs(interval) ?? httpHealthCheckDefaults.intervalMs,
    timeoutMs: parseDurationMs(timeout) ?? httpHealthCheckDefaults.timeoutMs,
  };
}

function drainMsOf(definition: ServiceDefinition): number {
  return parseDurationMs(definition.drain) ?? 10_000;
}

/** `min` defaults to the number of zones, `desired` to `min`, `max` to the larger of nine and `desired`. */
function scaleOf(definition: ServiceDefinition, zones: number): ScaleBounds {
  const scale = definition.scale ?? {};
  const { desired: wanted, max: top } = scale;
  const min = scale.min ?? Math.min(zones, wanted ?? zones, top ?? zones);
  const desired = wanted ?? min;
  return { min, desired, max: top ?? Math.max(9, desired) };
}

function healthOf(definition: ServiceDefinition): HealthCheck {
  const { health } = definition;
  if (health === undefined) return healthCheckDefaults;
  const defaults = healthCheckDefaults;
  return {
    kind: "auto",
    path: health.path,
    intervalMs: parseDurationMs(health.interval) ?? defaults.intervalMs,
    timeoutMs: parseDurationMs(health.timeout) ?? defaults.timeoutMs,
    startTimeoutMs: parseDurationMs(health.startTimeout) ?? defaults.startTimeoutMs,
    unhealthyAfter: health.unhealthyAfter,
  };
}
