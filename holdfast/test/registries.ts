import { createServer } from "node:net";
import { type Clock, type InstanceId, parseInstanceId, SeededRandom, SystemClock, silentLog } from "@holdfast/kernel";
import { type RunningRegistry, startRegistry } from "@holdfast/registry-server";
import type { InstanceRecord, InstanceStatus } from "@holdfast/wire";
import type { RegistryPlace } from "../src/discovery/registries.ts";

/** Real registries in this process, named `a`, `b`, `c`, that know each other. */
export class TestRegistries implements AsyncDisposable {
  readonly places: readonly RegistryPlace[];
  readonly #running: RunningRegistry[];

  private constructor(places: readonly RegistryPlace[], running: RunningRegistry[]) {
    this.places = places;
    this.#running = running;
  }

  /** `apart`: they know nothing of each other, so that they can be made to differ. */
  static async start(count: number, apart = false, clock: Clock = new SystemClock()): Promise<TestRegistries> {
    const ports = await Promise.all(Array.from({ length: count }, freePort));
    const places = ports.map((port, i) => ({ name: "abc"[i] ?? "", url: `http://127.0.0.1:${port}` }));
    const running = places.map(({ name }, i) => {
      const peers = apart ? [] : places.filter((_place, other) => other !== i).map(({ url }) => url);
      const settings = { name, peers, zone: `zone-${name}`, region: "here" };
      return startRegistry(clock, new SeededRandom(i + 1), silentLog, settings, { port: ports[i] ?? 0 });
    });
    const registries = new TestRegistries(places, await Promise.all(running));
    await Promise.all(registries.#running.map(({ synced }) => synced));
    return registries;
  }

  place(index: number): RegistryPlace {
    const place = this.places[index];
    if (place === undefined) throw new Error(`there are only ${this.places.length} registries`);
    return place;
  }

  registry(index: number): RunningRegistry["registry"] {
    const running = this.#running[index];
    if (running === undefined) throw new Error(`there are only ${this.#running.length} registries`);
    return running.registry;
  }

  async stop(index: number): Promise<void> {
    await this.#running[index]?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#running.map((one) => one.close().catch(() => {})));
  }
}

export function recordOf(app: string, id: string, status: InstanceStatus = "UP", zone = "zone-a"): InstanceRecord {
  return {
    app,
    id: parseInstanceId(id) as InstanceId,
    incarnation: Date.now(),
    version: 1,
    status,
    region: "here",
    zone,
    address: "127.1.1.10",
    port: 12_000,
    application: "movies",
    cluster: `movies-${app}`,
    serverGroup: `movies-${app}-v001`,
    verifiesIdentity: false,
    metadata: {},
  };
}

/** A port nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
