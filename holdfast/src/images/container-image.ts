import { basename, join } from "node:path";
import { parseCommand } from "@holdfast/engine-process";
import type { ContainerImage, ImageIdentity, ImageStore } from "@holdfast/image";
import { PlatformError } from "@holdfast/kernel";
import type { LaunchSpec } from "@holdfast/wire";
import { parseAppVersion } from "@holdfast/wire/frigga";

/** What is to be run in a container, as a server group has it: `image` is the directory of a bundle. */
export type ContainerOrder = Pick<LaunchSpec, "application" | "service" | "image" | "run">;

/**
 * The container image of a service, made when it is not there, with the version and creator its bundle was named with.
 *
 * @throws PlatformError `IMAGE_COMMAND_UNFIT` for anything but `node …` without shell syntax; what `containerImage` throws.
 */
export async function containerImageOf(store: ImageStore, order: ContainerOrder): Promise<ContainerImage> {
  const { service, image, run } = order;
  const command = parseCommand(run);
  if (command === undefined || command.shell || basename(command.file) !== "node") throw unfit(service, run);
  const identity = await identityOf(store, order);
  return store.containerImage(join(store.directory, basename(image)), identity, { command: ["node", ...command.args] });
}

/** Whose image a bundle is, with the version and creator it was named with. */
export async function identityOf(
  store: ImageStore,
  { application, service, image }: Omit<ContainerOrder, "run">,
): Promise<ImageIdentity> {
  const { records } = await store.find(basename(image));
  const known = records.find((one) => one.application === application && one.service === service);
  const version = parseAppVersion(known?.appVersion)?.version;
  return {
    application,
    service,
    ...(version === undefined ? {} : { version }),
    ...(known === undefined ? {} : { creator: known.creator }),
  };
}

function unfit(service: string, run: string): PlatformError {
  return new PlatformError(
    "IMAGE_COMMAND_UNFIT",
    `${service}: \`${run}\` cannot run in the image, which has Node and nothing else`,
    {
      next: `write run: "node server.ts", without pipes and variables; or run this service as a process`,
      details: { service, run },
      status: 400,
    },
  );
}
