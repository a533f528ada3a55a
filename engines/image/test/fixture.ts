import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ContainerImage, ImageIdentity, OciOptions } from "@holdfast/image";
import { ImageStore } from "@holdfast/image";
import { FakeClock, temporaryDirectory } from "@holdfast/testing";

/** A program in Node's place: as real, and a thousandth of its size. */
export const smallNode = { path: "/usr/bin/env", version: "24.21.0" } as const;

export const identity: ImageIdentity = { application: "movies", service: "catalog", version: "1.4.0" };

/** Path → content; made in the order they are written in. */
export type Files = Readonly<Record<string, string>>;

export function writeFiles(directory: string, files: Files): string {
  for (const [path, content] of Object.entries(files)) {
    const file = join(directory, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  return directory;
}

/** A store in a directory of its own, and a place for programs beside it. */
export class World implements Disposable {
  readonly #root = temporaryDirectory("images");
  readonly clock = new FakeClock();
  readonly store: ImageStore;
  readonly said: string[] = [];

  constructor() {
    this.store = new ImageStore(join(this.#root.path, "images"), this.clock, (line) => this.said.push(line));
  }

  get path(): string {
    return this.#root.path;
  }

  /** The container image of a program. */
  async container(files: Files, options: OciOptions = {}, who: ImageIdentity = identity): Promise<ContainerImage> {
    const source = writeFiles(join(this.#root.path, `source-${this.#sources++}`), files);
    const { directory } = await this.store.bake({ source });
    return this.store.containerImage(directory, who, { node: smallNode, ...options });
  }

  /** The bundle of a one-file program for a service. */
  async bundle(content: string, service = "catalog"): Promise<string> {
    const source = writeFiles(join(this.#root.path, `source-${this.#sources++}`), { "server.mjs": content });
    const { directory, digest } = await this.store.bake({ source });
    await this.store.name(directory, { application: "movies", service });
    return digest;
  }

  #sources = 0;

  [Symbol.dispose](): void {
    this.#root[Symbol.dispose]();
  }
}
