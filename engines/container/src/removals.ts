import { type Log, messageOf } from "@holdfast/kernel";
import type { DockerApi } from "./docker/docker-api.ts";

/** Removes containers that have ended, and remembers those that could not be removed while their engine was away. */
export class Removals {
  readonly #log: Log;
  readonly #api: Pick<DockerApi, "remove">;
  readonly #left = new Set<string>();

  constructor(log: Log, api: Pick<DockerApi, "remove">) {
    this.#log = log;
    this.#api = api;
  }

  /** Never rejects. One that goes shows that the engine works: those left over go with it. */
  async remove(name: string): Promise<void> {
    this.#left.add(name);
    if (await this.#tried(name)) await this.retry();
  }

  /** Tries all that are left, until one cannot be removed. Never rejects. */
  async retry(): Promise<void> {
    for (const name of this.#left) if (!(await this.#tried(name))) return;
  }

  /** Not to be removed any more: somebody has it again. */
  spare(name: string): void {
    this.#left.delete(name);
  }

  async #tried(name: string): Promise<boolean> {
    try {
      // Spared, or removed by another call in between.
      if (this.#left.has(name)) await this.#api.remove(name);
      this.#left.delete(name);
      return true;
    } catch (error) {
      this.#log.debug("container.not-removed", { container: name, reason: messageOf(error) });
      return false;
    }
  }
}
