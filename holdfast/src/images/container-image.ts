import { basename, join } from "node:path";
import { parseCommand } from "@holdfast/engine-process";
import type { ContainerImage, ImageIdentity, ImageStore } from "@holdfast/image";
import { PlatformError } from "@holdfast/kernel";

/** What is to be run in a container. */
export interface ContainerOrder {
  /** Directory of the bundle. */
  readonly bundle: string;
  readonly identity: ImageIdentity;
  /** As the application file writes it. */
  readonly run: string;
  /** True when the program is one file, so that nothing of `node_modules` belongs to it. */
  readonly single: boolean;
}

/**
 * The container image of a service, made when it is not there.
 *
 * @throws PlatformError `IMAGE_COMMAND_UNFIT` for anything but `node …` without shell syntax; what `containerImage` throws.
 */
export async function containerImageOf(store: ImageStore, order: ContainerOrder): Promise<ContainerImage> {
  const { bundle, identity, run, single } = order;
  const command = parseCommand(run);
  if (command === undefined || command.shell || basename(command.file) !== "node") {
    throw new PlatformError(
      "IMAGE_COMMAND_UNFIT",
      `${identity.service}: \`${run}\` cannot run in the image, which has Node and nothing else`,
      {
        next: `write run: "node server.ts", without pipes and variables; or run this service as a process`,
        details: { service: identity.service, run },
        status: 400,
      },
    );
  }
  const directory = join(store.directory, basename(bundle));
  const dependencies = single ? "none" : "copy";
  return store.containerImage(directory, identity, { command: ["node", ...command.args], dependencies });
}
