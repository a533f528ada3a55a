import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { draftName } from "../store/abandoned.ts";
import type { ImageRecord, Records } from "../store/records.ts";
import { type IndexDocument, indexFile, layoutFile, layoutText, mediaTypes } from "./documents.ts";

/** Writes `oci-layout` and `index.json`, so that every OCI tool can read the store: `podman pull oci:<directory>:<reference>`. */
export class LayoutIndex {
  readonly #directory: string;
  readonly #records: Records;

  constructor(directory: string, records: Records) {
    this.#directory = directory;
    this.#records = records;
  }

  /**
   * Brings the index up to what the records say. Many may do so at once: whoever writes last looks again whether
   * something came meanwhile.
   */
  async refresh(): Promise<void> {
    await mkdir(this.#directory, { recursive: true });
    await this.#replace(layoutFile, layoutText);
    for (let text = await this.#text(); ; ) {
      await this.#replace(indexFile, text);
      const now = await this.#text();
      if (now === text) return;
      text = now;
    }
  }

  async #text(): Promise<string> {
    return JSON.stringify(indexOf(await this.#records.list()));
  }

  async #replace(name: string, text: string): Promise<void> {
    const path = join(this.#directory, name);
    if ((await readFile(path, "utf8").catch(() => undefined)) === text) return;
    const draft = join(this.#directory, draftName());
    try {
      await writeFile(draft, text);
      await rename(draft, path);
    } finally {
      await rm(draft, { force: true });
    }
  }
}

/** Each image once, by reference; the newest of two with one reference has it. */
export function indexOf(records: readonly ImageRecord[]): IndexDocument {
  const byReference = new Map<string, NonNullable<ImageRecord["oci"]>>();
  for (const { oci } of records) {
    if (oci !== null && !byReference.has(oci.reference)) byReference.set(oci.reference, oci);
  }
  const manifests = [...byReference]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([reference, { digest, manifestBytes }]) => ({
      mediaType: mediaTypes.manifest,
      digest,
      size: manifestBytes,
      annotations: { "org.opencontainers.image.ref.name": reference },
    }));
  return { schemaVersion: 2, mediaType: mediaTypes.index, manifests };
}
