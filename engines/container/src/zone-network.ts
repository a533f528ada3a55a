import type { DockerApi } from "./docker/docker-api.ts";
import type { ContainerNetwork } from "./settings.ts";

/** The network that containers of one zone are in: made when the first needs it, removed when nobody is in it any more. */
export class ZoneNetwork {
  readonly #api: Pick<DockerApi, "network" | "createNetwork" | "removeNetwork">;
  readonly #network: ContainerNetwork;
  readonly #labels: Readonly<Record<string, string>>;
  #making: Promise<void> | undefined;
  #users = 0;

  constructor(
    api: Pick<DockerApi, "network" | "createNetwork" | "removeNetwork">,
    network: ContainerNetwork,
    labels: Readonly<Record<string, string>>,
  ) {
    this.#api = api;
    this.#network = network;
    this.#labels = labels;
  }

  /** Keeps it there while `work`, which puts somebody into it, is under way. Several that come at once wait for one making. */
  async with<T>(work: () => Promise<T>): Promise<T> {
    this.#users += 1;
    try {
      this.#making ??= this.#make().finally(() => (this.#making = undefined));
      await this.#making;
      return await work();
    } finally {
      this.#users -= 1;
    }
  }

  /** Somebody has left. Never rejects: an engine refuses to remove a network that somebody is in. */
  async tidy(): Promise<void> {
    if (this.#network.kind !== "bridge" || this.#users > 0) return;
    await this.#api.removeNetwork(this.#network.name).catch(() => {});
  }

  async #make(): Promise<void> {
    if (this.#network.kind !== "bridge") return;
    const { name, subnet } = this.#network;
    if ((await this.#api.network(name)) === undefined) await this.#api.createNetwork(name, subnet, this.#labels);
  }
}
