import { existsSync } from "node:fs";
import { mkdir, readdir, realpath, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { type Clock, codeOf, PlatformError } from "@holdfast/kernel";
import {
  type BakeOptions,
  type Bundle,
  bakeDirectory,
  bytesOfBundle,
  digestOfBundle,
  digestOfContent,
} from "./bundle/bake.ts";
import { amiNameOf, type ImageIdentity, nameImage } from "./naming.ts";
import { archiveOf } from "./oci/archive.ts";
import { bakeOci, type OciOptions } from "./oci/bake-oci.ts";
import { architecture } from "./oci/documents.ts";
import { Layers } from "./oci/layer.ts";
import { LayoutIndex } from "./oci/layout.ts";
import { BlobStore } from "./store/blob-store.ts";
import { collectGarbage, type GarbageOptions, type GarbageResult } from "./store/collect-garbage.ts";
import { onDisk } from "./store/disk.ts";
import type { StoredImage } from "./store/garbage-plan.ts";
import { type ImageRecord, type OciForm, Records } from "./store/records.ts";
import { StoreLock } from "./store/store-lock.ts";

export type ContainerImage = ImageRecord & { readonly oci: OciForm };

/** A container image on its way into an engine. */
export interface LoadableImage {
  /** Under which the engine has it then. */
  readonly reference: string;
  /** A chunk is valid until the next is asked for. */
  archive(): AsyncIterable<Uint8Array>;
}

/** More than two, and something else removes what is made as fast as it is made. */
const attemptsMax = 3;

/**
 * The images of a stack: one directory with immutable bundles by digest, and an OCI image layout (`oci/`) with the
 * container images made of them. Several processes may use one at once.
 */
export class ImageStore {
  readonly directory: string;
  /** An OCI image layout once there is a container image: `podman pull oci:<this>:<reference>`. */
  readonly layout: string;
  readonly #clock: Clock;
  readonly #say: (line: string) => void;
  readonly #lock: StoreLock;
  readonly #records: Records;
  readonly #blobs: BlobStore;
  readonly #layers: Layers;
  readonly #index: LayoutIndex;

  /** @param say told how far work is that takes more than two seconds. */
  constructor(directory: string, clock: Clock, say: (line: string) => void = () => {}) {
    this.directory = directory;
    this.layout = join(directory, "oci");
    this.#clock = clock;
    this.#say = say;
    this.#lock = new StoreLock(directory);
    this.#records = new Records(directory, this.#lock);
    this.#blobs = new BlobStore(this.layout, clock, this.#lock);
    this.#layers = new Layers(this.layout, this.#blobs);
    this.#index = new LayoutIndex(this.layout, this.#records);
  }

  /** @throws what `bakeDirectory` throws. */
  bake(options: Omit<BakeOptions, "store">): Promise<Bundle> {
    return bakeDirectory({ ...options, store: this.directory }, this.#clock, this.#lock);
  }

  /** Writes down whose image a bundle is, so that it can be listed by name and the newest of each service are kept. */
  async name(bundle: string, identity: ImageIdentity): Promise<ImageRecord> {
    const digest = basename(bundle);
    const record = this.#recordOf(digest, identity, nameImage(identity, await digestOfContent(bundle)), null, null);
    await onDisk(this.directory, () => this.#records.write(record));
    return record;
  }

  /**
   * Makes the container image of a bundle in this store, and its names. What is there already is not made again.
   *
   * @param bundle its directory.
   * @throws PlatformError `IMAGE_MISSING`, `DISK_FULL`, `IMAGE_DEPENDENCIES_UNFIT`, `IMAGE_NAME_RESERVED`,
   * `IMAGE_PLATFORM_UNSUPPORTED`, `IMAGE_VERSION_INVALID`, `LIBRARY_MISSING`, `ELF_INVALID`.
   */
  async containerImage(bundle: string, identity: ImageIdentity, options: OciOptions = {}): Promise<ContainerImage> {
    if (!existsSync(bundle)) throw missing(bundle);
    await mkdir(this.layout, { recursive: true });
    return onDisk(this.directory, async () => {
      for (let attempt = 1; ; attempt++) {
        const tools = { blobs: this.#blobs, layers: this.#layers, clock: this.#clock, say: this.#say };
        const { names, baseVersion, form } = await bakeOci(bundle, identity, options, tools);
        const record = this.#recordOf(basename(bundle), identity, names, baseVersion, form);
        await this.#records.write(record);
        await this.#index.refresh();
        // From here on a garbage collection knows of it; one that was under way may have taken a blob just before.
        const whole = [form.digest, ...form.blobs].every((digest) => existsSync(this.#blobs.pathOf(digest)));
        if (whole || attempt === attemptsMax) return { ...record, oci: form };
      }
    });
  }

  /** All images, the newest first. */
  async list(): Promise<StoredImage[]> {
    const names = await readdir(this.directory).catch((error: unknown) => {
      if (codeOf(error) === "ENOENT") return [];
      throw error;
    });
    const records = await this.#records.list();
    const bundles = names.filter((name) => /^[0-9a-f]{64}$/.test(name));
    const images = await Promise.all(bundles.map((bundle) => this.#describe(bundle, records)));
    return images.filter((image) => image !== undefined).toSorted((a, b) => b.bakedAtMs - a.bakedAtMs);
  }

  /**
   * The one image that is meant: by the begin of its digest (four characters at least), its directory, `appversion`,
   * Aminator's name, reference or manifest digest; or the newest of a service (`catalog`) or cluster (`movies-catalog`).
   *
   * @throws PlatformError `IMAGE_UNKNOWN`, `IMAGE_AMBIGUOUS`.
   */
  async find(text: string): Promise<StoredImage> {
    const all = await this.list();
    const exact = all.filter((image) => isMeant(image, text));
    const found = exact.length > 0 ? exact : newestOf(all, text);
    const [only] = found;
    if (only !== undefined && found.length === 1) return only;
    if (only === undefined) throw unknown(text);
    throw new PlatformError("IMAGE_AMBIGUOUS", `${text}: means ${found.length} images`, {
      next: `give more of the digest: ${found.map(({ bundle }) => bundle.slice(0, 12)).join(", ")}`,
      status: 409,
    });
  }

  /** True when what a bundle's directory holds is still what its name says. */
  async isIntact({ directory, bundle }: StoredImage): Promise<boolean> {
    return (await digestOfBundle(directory)) === bundle;
  }

  /** One container image as an archive for `podman load` and the Docker API. A chunk is valid until the next is asked for. */
  archive(image: ContainerImage): AsyncGenerator<Uint8Array> {
    return archiveOf(image.oci, this.#blobs);
  }

  /** The same for an engine, under a name that no other image ever has: that it is there says that it is this one. */
  loadable({ oci }: ContainerImage): LoadableImage {
    const unique = `${oci.reference}-${oci.digest.slice("sha256:".length, "sha256:".length + 12)}`;
    return { reference: `localhost/${unique}`, archive: () => archiveOf(oci, this.#blobs, unique) };
  }

  /** Removes what nobody needs. The caller knows what runs: every image that a server group refers to must be in `inUse`. */
  collectGarbage(options: GarbageOptions): Promise<GarbageResult> {
    return collectGarbage(
      {
        directory: this.directory,
        oci: this.layout,
        clock: this.#clock,
        lock: this.#lock,
        records: this.#records,
        index: this.#index,
        blobs: this.#blobs,
        list: () => this.list(),
      },
      options,
    );
  }

  #recordOf(
    bundle: string,
    identity: ImageIdentity,
    names: ReturnType<typeof nameImage>,
    baseVersion: string | null,
    oci: OciForm | null,
  ): ImageRecord {
    const { application, service, creator = "holdfast" } = identity;
    const bakedAtMs = this.#clock.wallMs();
    return {
      bundle,
      package: names.package,
      application,
      service,
      appVersion: names.appVersion,
      amiName: amiNameOf(names, architecture, bakedAtMs),
      creator,
      bakedAtMs,
      baseVersion,
      oci,
    };
  }

  /** `undefined` for one that is gone meanwhile. */
  async #describe(bundle: string, all: readonly ImageRecord[]): Promise<StoredImage | undefined> {
    const directory = join(await realpath(this.directory), bundle);
    try {
      const { mtimeMs } = await stat(directory);
      const records = all.filter((record) => record.bundle === bundle);
      const bakedAtMs = Math.max(mtimeMs, ...records.map((record) => record.bakedAtMs));
      return { bundle, directory, bundleBytes: await bytesOfBundle(directory), bakedAtMs, records };
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw error;
    }
  }
}

function isMeant({ bundle, directory, records }: StoredImage, text: string): boolean {
  if (directory === text || (text.length >= 4 && bundle.startsWith(text))) return true;
  return records.some(
    ({ appVersion, amiName, oci }) =>
      appVersion === text || amiName === text || oci?.reference === text || oci?.digest === text,
  );
}

/** Of a service or cluster: the image that was last baked for it, which another one's bake of the same image does not change. */
function newestOf(all: readonly StoredImage[], text: string): StoredImage[] {
  const own = all.flatMap((image) =>
    image.records
      .filter(({ service, package: name }) => service === text || name === text)
      .map((record) => ({ image, atMs: record.bakedAtMs })),
  );
  const [newest] = own.toSorted((a, b) => b.atMs - a.atMs);
  return newest === undefined ? [] : [newest.image];
}

function unknown(text: string): PlatformError {
  return new PlatformError("IMAGE_UNKNOWN", `${text}: there is no such image`, {
    next: "holdfast images list",
    status: 404,
  });
}

function missing(bundle: string): PlatformError {
  return new PlatformError("IMAGE_MISSING", `${bundle}: the image is gone`, {
    next: "holdfast up, which bakes it again",
    status: 404,
  });
}
