import type { DockerApi } from "./docker/docker-api.ts";
import type { LoadableImage } from "./settings.ts";

/** Sees to it that the engine has an image. Several that want the same one wait for one transfer. */
export class ImageLoader {
  readonly #api: DockerApi;
  readonly #loading = new Map<string, Promise<void>>();

  constructor(api: DockerApi) {
    this.#api = api;
  }

  /** @throws PlatformError `CONTAINER_ENGINE_UNREACHABLE`, `CONTAINER_ENGINE_REFUSED`, and what reading the image throws. */
  ensure(image: LoadableImage): Promise<void> {
    const { reference } = image;
    const known = this.#loading.get(reference);
    if (known !== undefined) return known;
    const loading = this.#load(image).finally(() => this.#loading.delete(reference));
    this.#loading.set(reference, loading);
    return loading;
  }

  async #load(image: LoadableImage): Promise<void> {
    if ((await this.#api.imageId(image.reference)) !== undefined) return;
    await this.#api.loadImage(copies(image.archive()));
  }
}

/** A chunk may be used again by its source as soon as the next is asked for; a socket may still have to send it. */
async function* copies(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield Buffer.from(chunk);
}
