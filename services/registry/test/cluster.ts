import { createServer } from "node:http";
import { Discovery, Registration } from "@holdfast/discovery";
import { SystemClock, silentLog, systemRandom } from "@holdfast/kernel";
import { type RunningRegistry, startRegistry } from "@holdfast/registry-server";
import type { InstanceRecord } from "@holdfast/wire";

export const clock = new SystemClock();

/** Registries that know one another, on ports of 127.0.0.1, with what calls them; all gone with their scope. */
export class Cluster {
  readonly urls: readonly string[];
  readonly #running = new Map<number, RunningRegistry>();
  readonly #closing: (() => Promise<void>)[] = [];

  private constructor(urls: readonly string[]) {
    this.urls = urls;
  }

  static async start(size: number): Promise<Cluster> {
    const ports = await freePorts(size);
    const cluster = new Cluster(ports.map((port) => `http://127.0.0.1:${port}`));
    await Promise.all(ports.map((_port, index) => cluster.run(index)));
    return cluster;
  }

  async run(index: number): Promise<RunningRegistry> {
    const own = this.url(index);
    const settings = { name: `peer-${index}`, peers: this.urls.filter((url) => url !== own) };
    const listen = { port: Number(new URL(own).port) };
    const running = await startRegistry(clock, systemRandom(), silentLog, settings, listen);
    this.#running.set(index, running);
    return running;
  }

  url(index: number): string {
    const url = this.urls[index];
    if (url === undefined) throw new RangeError(`there is no registry ${index}`);
    return url;
  }

  registry(index: number): RunningRegistry["registry"] {
    const running = this.#running.get(index);
    if (running === undefined) throw new RangeError(`registry ${index} does not run`);
    return running.registry;
  }

  async stop(index: number): Promise<void> {
    await this.#running.get(index)?.close();
    this.#running.delete(index);
  }

  /** A listener of registry `first`, then of the others. */
  listen(first = 0, lastViewFile?: string): Discovery {
    const registries = this.from(first);
    const discovery = new Discovery(clock, systemRandom(), silentLog, { registries, lastViewFile });
    discovery.start();
    this.#closing.push(() => discovery.stop());
    return discovery;
  }

  /** An instance at registry `first`. */
  async instance(record: Omit<InstanceRecord, "version">, first = 0): Promise<Registration> {
    const options = { registries: this.from(first), heartbeatMs: 300 };
    const registration = new Registration(clock, systemRandom(), silentLog, options, record);
    await registration.start();
    this.#closing.push(async () => registration.abandon());
    return registration;
  }

  from(first: number): string[] {
    return [...this.urls.slice(first), ...this.urls.slice(0, first)];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#closing) await close();
    await Promise.all([...this.#running.values()].map((running) => running.close()));
  }
}

/** Ports that were free a moment ago: peers must know one another before they start. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  return Promise.all(
    servers.map(async (server) => {
      const bound = server.address();
      await new Promise((resolve) => server.close(resolve));
      return typeof bound === "object" && bound !== null ? bound.port : 0;
    }),
  );
}
