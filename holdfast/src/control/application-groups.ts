import type { GroupDefinition, ScaleBounds } from "@holdfast/cloud-server";
import { PlatformError, parseDurationMs } from "@holdfast/kernel";
import { Env, type HealthCheck, healthCheckDefaults } from "@holdfast/wire";
import type { Application, ServiceDefinition } from "@holdfast/wire/application";
import { logBytesMax } from "./platform-groups.ts";

/**
 * The server groups of an application: one a service.
 *
 * @throws PlatformError `IMAGE_MISSING` when `images` lacks one of its services.
 */
export function applicationGroups(
  name: string,
  application: Application,
  images: Readonly<Record<string, string>>,
  zones: number,
): GroupDefinition[] {
  return Object.entries(application.services).map(([service, definition]) => {
    const image = images[service];
    if (image === undefined) {
      throw new PlatformError("IMAGE_MISSING", `${service}: the request names no image for it`, {
        status: 422,
        next: `add images.${service}: the absolute path of its image directory`,
      });
    }
    return {
      application: name,
      service,
      kind: "app",
      template: {
        image,
        run: definition.run,
        env: { [Env.environment]: application.environment, ...definition.env },
        zoneEnv: {},
        health: healthOf(definition),
        drainMs: parseDurationMs(definition.drain) ?? 10_000,
        logBytesMax,
      },
      scale: scaleOf(definition, zones),
      placement: {},
    };
  });
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
