import { statSync } from "node:fs";
import { isAbsolute } from "node:path";
import { type Cloud, ServiceUnknownError } from "@holdfast/cloud-server";
import { PlatformError } from "@holdfast/kernel";
import type { Application } from "@holdfast/wire/application";
import type { DeployAnswer, OperationView } from "@holdfast/wire/control";
import { applicationGroups } from "./application-groups.ts";
import { hostPlanOf } from "./application-hosts.ts";
import { edgeGroups, platformApplication } from "./platform-groups.ts";
import type { ControlSettings } from "./settings.ts";

/** A checked deployment, as it is kept. */
export interface Deployment {
  readonly application: Application;
  readonly images: Readonly<Record<string, string>>;
}

/**
 * Makes `name` the stack's application: its services, the edge with its routes, and nothing of another one.
 *
 * @throws PlatformError `APPLICATION_NAME_MISMATCH`, `APPLICATION_NAME_RESERVED`, `HOST_ZONE_UNKNOWN`, `HOST_DOUBLED`,
 * `CAPACITY_GUARANTEE_TOO_LARGE`, `IMAGE_MISSING`, `STATE_READ_ONLY`.
 */
export async function deploy(
  cloud: Cloud,
  settings: ControlSettings,
  name: string,
  deployment: Deployment,
  actor: string,
): Promise<DeployAnswer> {
  checkName(name, deployment.application);
  checkImages(deployment.images);
  const groups = applicationGroups(name, deployment.application, deployment.images, settings);
  const hosts = hostPlanOf(deployment.application, settings.zones);
  const before = cloud.hosts.pool.plan;
  // Before the launches that it is to place.
  cloud.hosts.configure(hosts);
  const operations: OperationView[] = [];
  try {
    operations.push(...(await cloud.deploy(name, deployment, groups, actor)));
  } catch (error) {
    cloud.hosts.configure(before);
    throw error;
  }
  // Edge and registry belong to the platform, but the edge's routes are the application's.
  cloud.ensure(edgeGroups(settings, deployment.application));
  for (const other of cloud.applications()) {
    if (other !== name) operations.push(...(await cloud.deploy(other, null, [], actor)));
  }
  return { application: name, operations };
}

function checkName(name: string, application: Application): void {
  if (application.name !== undefined && application.name !== name) {
    throw new PlatformError("APPLICATION_NAME_MISMATCH", `${name}: the application calls itself ${application.name}`, {
      status: 422,
      next: `PUT it to /v1/applications/${application.name}`,
    });
  }
  if (name === platformApplication || !/^[a-z][a-z0-9-]{0,63}$/.test(name)) {
    throw new PlatformError("APPLICATION_NAME_RESERVED", `${name}: cannot be the name of an application`, {
      status: 422,
      next: "take another name: lower-case words joined by dashes",
    });
  }
}

function checkImages(images: Readonly<Record<string, string>>): void {
  for (const [service, image] of Object.entries(images)) {
    if (isAbsolute(image) && statSync(image, { throwIfNoEntry: false })?.isDirectory() === true) continue;
    throw new PlatformError("IMAGE_MISSING", `${service}: its image ${image} is not a directory here`, {
      status: 422,
      next: "holdfast up bakes images; images.<service> must be the absolute path of one",
    });
  }
}

/** @throws PlatformError `IMAGE_MISSING` (422). */
export function checkImage(image: string): void {
  checkImages({ [image]: image });
}

/** @throws ServiceUnknownError when there is no such service. */
export function known<T>(found: T | undefined, service: string, all: readonly { readonly name: string }[]): T {
  if (found !== undefined) return found;
  throw new ServiceUnknownError(
    service,
    all.map((item) => item.name),
  );
}
