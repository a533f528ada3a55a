import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Cloud } from "@holdfast/cloud-server";
import { type GarbageOptions, ImageStore, type StoredImage } from "@holdfast/image";
import { type Clock, type Log, silentLog, type Timer } from "@holdfast/kernel";
import type { CollectImagesAnswer, ImageDetail, ImageList, ImageView } from "@holdfast/wire/control";
import type { Deployment } from "../control/deploy.ts";

const collectEveryMs = 3_600_000;

/** What tells which images are needed. */
export type ImageUsers = Pick<Cloud, "groups" | "instances" | "applications" | "application" | "zones">;

/** Where the images of a stack are. */
export function imagesDirectory(stateDirectory: string): string {
  return join(stateDirectory, "images");
}

/** The images of a stack, who uses them, and the removal of those nobody needs: on demand, and each hour by itself. */
export class ImageHouse {
  readonly #store: ImageStore;
  readonly #users: ImageUsers;
  readonly #log: Log;
  readonly #timer: Timer;

  constructor(clock: Clock, stateDirectory: string, users: ImageUsers, log: Log = silentLog) {
    this.#store = new ImageStore(imagesDirectory(stateDirectory), clock);
    this.#users = users;
    this.#log = log;
    this.#timer = clock.every(collectEveryMs, () => void this.#collectQuietly());
  }

  async list(): Promise<ImageList> {
    const used = this.#usedBy();
    const images = await this.#store.list();
    const layout = existsSync(this.#store.layout) ? this.#store.layout : null;
    return { directory: this.#store.directory, layout, images: images.map((image) => viewOf(image, used)) };
  }

  /** @throws PlatformError `IMAGE_UNKNOWN`, `IMAGE_AMBIGUOUS`. */
  async show(text: string): Promise<ImageDetail> {
    const image = await this.#store.find(text);
    return { ...viewOf(image, this.#usedBy()), intact: await this.#store.isIntact(image) };
  }

  /** What a server group, an instance or an application that is deployed refers to stays in any case. */
  async collect(options: Omit<GarbageOptions, "inUse">): Promise<CollectImagesAnswer> {
    const used = this.#usedBy();
    const result = await this.#store.collectGarbage({ ...options, inUse: used.keys() });
    return {
      ...result,
      removed: result.removed.map((image) => viewOf(image, used)),
      kept: result.kept.map((image) => ({ ...viewOf(image, used), why: image.why })),
    };
  }

  close(): void {
    this.#timer.cancel();
  }

  /** Image as a server group names it → the groups that do, those of instances that still run, and else applications. */
  #usedBy(): ReadonlyMap<string, ReadonlySet<string>> {
    const used = new Map<string, Set<string>>();
    const add = (image: string, by: string): void => {
      const names = used.get(image);
      if (names === undefined) used.set(image, new Set([by]));
      else names.add(by);
    };
    for (const { group } of this.#users.groups()) add(group.definition.template.image, group.name);
    for (const { spec } of this.#users.instances()) add(spec.image, spec.serverGroup);
    for (const name of this.#users.applications()) {
      const { images } = this.#users.application(name) as Deployment;
      // Said only where no group is there yet, or any more.
      for (const image of Object.values(images)) if (!used.has(image)) add(image, `${name} (deployed)`);
    }
    return used;
  }

  async #collectQuietly(): Promise<void> {
    // With a zone that does not answer, or no application known, somebody may run what nobody here knows of.
    if (this.#users.applications().length === 0) return;
    if (this.#users.zones().some(({ state }) => state !== "reachable")) return;
    try {
      const { removed, freedBytes } = await this.collect({});
      if (removed.length > 0) this.#log.info("images.collected", { removed: removed.length, freedBytes });
    } catch (error) {
      this.#log.warn("images.not-collected", { error });
    }
  }
}

function viewOf(image: StoredImage, used: ReadonlyMap<string, ReadonlySet<string>>): ImageView {
  const { bundle, directory, bundleBytes, bakedAtMs, records } = image;
  const keys = [directory, bundle, ...records.flatMap(({ oci }) => (oci === null ? [] : [oci.digest, oci.reference]))];
  return {
    digest: bundle,
    directory,
    bytes: bundleBytes,
    bakedAt: isoOf(bakedAtMs),
    usedBy: [...new Set(keys.flatMap((key) => [...(used.get(key) ?? [])]))].toSorted(),
    // A service whose container image is there, too, is not named twice.
    names: records
      .filter(({ oci, package: name }) => oci !== null || !records.some((one) => one.oci && one.package === name))
      .map(({ application, service, appVersion, amiName, creator, bakedAtMs: atMs, baseVersion, oci }) => ({
        application,
        service,
        appVersion,
        amiName,
        creator,
        bakedAt: isoOf(atMs),
        baseVersion,
        container: oci === null ? null : { digest: oci.digest, reference: oci.reference, bytes: oci.bytes },
      })),
  };
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
