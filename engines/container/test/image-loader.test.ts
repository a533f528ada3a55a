import assert from "node:assert/strict";
import { test } from "node:test";
import { settle } from "@holdfast/testing";
import type { DockerApi } from "../src/docker/docker-api.ts";
import { ImageLoader } from "../src/image-loader.ts";
import type { LoadableImage } from "../src/settings.ts";

/** An engine that keeps what it is sent, and takes it in when told to. */
class Engine {
  readonly images = new Set<string>();
  loads = 0;
  sent: Uint8Array[] = [];
  refuse = false;
  #taken = Promise.withResolvers<void>();

  readonly api = {
    imageId: (reference: string) => Promise.resolve(this.images.has(reference) ? "sha256:1" : undefined),
    loadImage: async (archive: AsyncIterable<Uint8Array>) => {
      this.loads += 1;
      for await (const chunk of archive) this.sent.push(chunk);
      await this.#taken.promise;
      if (this.refuse) throw new Error("no space left");
      this.images.add("localhost/a:1");
    },
  } as unknown as DockerApi;

  take(): void {
    this.#taken.resolve();
  }
}

/** Uses one buffer for all its chunks, as a reader of files does. */
const image: LoadableImage = {
  reference: "localhost/a:1",
  async *archive() {
    const chunk = Buffer.alloc(1);
    for (const char of "archive") {
      chunk.write(char);
      yield chunk;
    }
  },
};

test("an image is sent once, however many wait for it, and not again once the engine has it", async () => {
  const engine = new Engine();
  const loader = new ImageLoader(engine.api);
  const all = Promise.all([loader.ensure(image), loader.ensure(image), loader.ensure(image)]);
  await settle();
  engine.take();
  await all;
  await loader.ensure(image);
  assert.equal(engine.loads, 1);
});

test("what is sent stays what it was when its source goes on", async () => {
  const engine = new Engine();
  engine.take();
  await new ImageLoader(engine.api).ensure(image);
  assert.equal(Buffer.concat(engine.sent).toString(), "archive");
});

test("an image that was not taken in is sent again by the next who wants it", async () => {
  const engine = new Engine();
  const loader = new ImageLoader(engine.api);
  engine.refuse = true;
  engine.take();
  await assert.rejects(loader.ensure(image), /no space/);
  engine.refuse = false;
  await loader.ensure(image);
  assert.equal(engine.loads, 2);
});
