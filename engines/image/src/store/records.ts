import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "@holdfast/kernel";
import { draftName } from "./abandoned.ts";
import type { StoreLock } from "./store-lock.ts";

/** The form of an image that containers are made from. */
export interface OciForm {
  /** Of the manifest: `sha256:<hex>`. */
  readonly digest: string;
  /** `<repository>:<tag>`, under which it stands in the layout's index. */
  readonly reference: string;
  /** Bytes of the manifest itself. */
  readonly manifestBytes: number;
  /** Config and layers: all blobs beside the manifest. */
  readonly blobs: readonly string[];
  /** Of all blobs together; layers are shared between images. */
  readonly bytes: number;
}

/** What is known of one image of one service. */
export interface ImageRecord {
  /** Hex digest of the bundle, its directory's name in the store. */
  readonly bundle: string;
  /** The cluster it is for: `movies-catalog`. */
  readonly package: string;
  readonly application: string;
  readonly service: string;
  /** Frigga's tag: `movies-catalog-1.4.0-9b3bc237`. */
  readonly appVersion: string;
  /** Aminator's name, which ends with the time. */
  readonly amiName: string;
  readonly creator: string;
  /** Wall time in ms of the last bake that gave this image. */
  readonly bakedAtMs: number;
  /** What it stands on, by Aminator's tag `base_ami_version`; `null` for an image without container form. */
  readonly baseVersion: string | null;
  readonly oci: OciForm | null;
}

/** One small file for each image of each service: each written whole, so that two bakes never wait for one another. */
export class Records {
  readonly #directory: string;
  readonly #lock: StoreLock;

  constructor(store: string, lock: StoreLock) {
    this.#directory = join(store, "records");
    this.#lock = lock;
  }

  async write(record: ImageRecord): Promise<void> {
    await mkdir(this.#directory, { recursive: true });
    const draft = join(this.#directory, draftName());
    try {
      await writeFile(draft, JSON.stringify(record));
      await this.#lock.run(() => rename(draft, this.#pathOf(record)));
    } finally {
      await rm(draft, { force: true });
    }
  }

  /** All of them, the newest first. A file that cannot be read as one is none. */
  async list(): Promise<ImageRecord[]> {
    const names = await readdir(this.#directory).catch((error: unknown) => {
      if (codeOf(error) === "ENOENT") return [];
      throw error;
    });
    const files = names.filter((name) => !name.startsWith("."));
    const all = await Promise.all(files.map((name) => readRecord(join(this.#directory, name))));
    return all.filter((record) => record !== undefined).toSorted((a, b) => b.bakedAtMs - a.bakedAtMs);
  }

  /** Forgets one, unless it was written anew since it was read. */
  remove(record: ImageRecord): Promise<void> {
    const path = this.#pathOf(record);
    return this.#lock.run(async () => {
      const now = await readRecord(path);
      if (now?.bakedAtMs === record.bakedAtMs) await rm(path, { force: true });
    });
  }

  /** The same program under another version or by another creator is another container image of the same bundle. */
  #pathOf({ bundle, package: name, oci }: ImageRecord): string {
    const form = oci?.digest.replace("sha256:", "").slice(0, 16) ?? "bundle";
    return join(this.#directory, `${bundle}@${encodeURIComponent(name)}@${form}.json`);
  }
}

async function readRecord(path: string): Promise<ImageRecord | undefined> {
  try {
    const record: Partial<ImageRecord> = JSON.parse(await readFile(path, "utf8"));
    return typeof record.bundle === "string" && typeof record.bakedAtMs === "number"
      ? (record as ImageRecord)
      : undefined;
  } catch {
    return undefined; // Gone meanwhile, or damaged: the image itself is still in the list, without its names.
  }
}
