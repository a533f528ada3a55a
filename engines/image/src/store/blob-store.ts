import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, codeOf } from "@holdfast/kernel";
import { draftName } from "./abandoned.ts";
import type { StoreLock } from "./store-lock.ts";

export interface Blob {
  /** `sha256:<hex>`. */
  readonly digest: string;
  readonly bytes: number;
}

/** Content-addressed files, `blobs/sha256/<hex>` below a directory, as an OCI image layout wants them. */
export class BlobStore {
  readonly directory: string;
  readonly #root: string;
  readonly #clock: Clock;
  readonly #lock: StoreLock;

  constructor(root: string, clock: Clock, lock: StoreLock) {
    this.#root = root;
    this.#clock = clock;
    this.#lock = lock;
    this.directory = join(root, "blobs", "sha256");
  }

  pathOf(digest: string): string {
    return join(this.directory, digest.replace(/^sha256:/, ""));
  }

  /**
   * Keeps what the chunks say. It is there whole, and on the disk, or not at all.
   *
   * @param onBytes called with the length of each chunk.
   */
  async put(chunks: AsyncIterable<Uint8Array>, onBytes: (bytes: number) => void = () => {}): Promise<Blob> {
    await mkdir(this.directory, { recursive: true });
    const draft = join(this.#root, draftName());
    try {
      const file = await open(draft, "wx", 0o444);
      const blob = await this.#write(file, chunks, onBytes).finally(() => file.close());
      // One that is there has the same content: it is only made young.
      if ((await this.reuse(blob.digest)) === undefined) {
        await this.#lock.run(() => rename(draft, this.pathOf(blob.digest)));
      }
      return blob;
    } finally {
      await rm(draft, { force: true });
    }
  }

  /** The blob when it is there; it is then as young as a new one, so that no garbage collection takes it meanwhile. */
  async reuse(digest: string): Promise<Blob | undefined> {
    const path = this.pathOf(digest);
    try {
      const now = this.#clock.wallMs() / 1_000;
      await this.#lock.run(() => utimes(path, now, now));
      return { digest, bytes: (await stat(path)).size };
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  async #write(file: FileHandle, chunks: AsyncIterable<Uint8Array>, onBytes: (bytes: number) => void): Promise<Blob> {
    const hash = createHash("sha256");
    let bytes = 0;
    for await (const chunk of chunks) {
      hash.update(chunk);
      await writeAll(file, chunk);
      bytes += chunk.byteLength;
      onBytes(chunk.byteLength);
    }
    // Before it gets its name: after a power cut, a name without its content would be a lie for ever.
    await file.datasync();
    await file.utimes(this.#clock.wallMs() / 1_000, this.#clock.wallMs() / 1_000);
    return { digest: `sha256:${hash.digest("hex")}`, bytes };
  }
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.byteLength; ) {
    at += (await file.write(chunk, at, chunk.byteLength - at)).bytesWritten;
  }
}
