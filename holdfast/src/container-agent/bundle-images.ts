import { existsSync } from "node:fs";
import { basename, dirname } from "node:path";
import type { ImageSource, LoadableImage } from "@holdfast/engine-container";
import { ImageStore } from "@holdfast/image";
import { type Clock, type Log, PlatformError } from "@holdfast/kernel";
import type { LaunchSpec } from "@holdfast/wire";
import { identityOf } from "../images/container-image.ts";

/**
 * Makes container images out of the bundles that instances name as their image, in the store the bundles are in. Instances
 * of one bundle share one making.
 */
export function bundleImages(clock: Clock, log: Log): ImageSource {
  const made = new Map<string, Promise<LoadableImage>>();
  return async (spec) => {
    // Looked at each time: one that is gone is gone, whatever was made of it before.
    if (!existsSync(spec.image)) {
      const next = "`holdfast up` bakes it again";
      throw new PlatformError("IMAGE_MISSING", `image ${spec.image} does not exist`, { status: 404, next });
    }
    const known = made.get(spec.image);
    if (known !== undefined) return known;
    const making = make(clock, log, spec);
    made.set(spec.image, making);
    // The next launch tries again.
    making.catch(() => made.delete(spec.image));
    return making;
  };
}

async function make(clock: Clock, log: Log, spec: LaunchSpec): Promise<LoadableImage> {
  const { image, service } = spec;
  const store = new ImageStore(dirname(image), clock, (text) => log.info("container.image.making", { service, text }));
  const container = await store.containerImage(image, await identityOf(store, spec));
  log.info("container.image.made", { service, bundle: basename(image), digest: container.oci.digest });
  return store.loadable(container);
}
