import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ContainerNetwork, ContainerRuntime } from "@holdfast/engine-container";
import { ProcessEngine, runAgent } from "@holdfast/engine-process";
import { ImageStore } from "@holdfast/image";
import { type InstanceId, SystemClock, silentLog, systemRandom } from "@holdfast/kernel";
import { temporaryDirectory } from "@holdfast/testing";
import { AgentWorld, type ContainerService, SocketProxy } from "@holdfast/testing/engine-conformance";
import { bundleImages } from "../src/container-agent/bundle-images.ts";

export const clock: SystemClock = new SystemClock();
const random = systemRandom();

/** A container engine of the tests' own and one image, in which worlds of our engine are opened. */
export class ContainerPlace implements AsyncDisposable {
  readonly service: ContainerService;
  readonly #directory = temporaryDirectory("place");
  readonly #images = bundleImages(clock, silentLog);
  readonly #places = new AsyncDisposableStack();
  #bundle = "";

  private constructor(make: (directory: string) => ContainerService) {
    this.service = make(join(this.#directory.path, "p"));
  }

  /** @param make the engine, in a directory of its own. */
  static async start(make: (directory: string) => ContainerService): Promise<ContainerPlace> {
    const place = new ContainerPlace(make);
    await place.#start();
    return place;
  }

  async #start(): Promise<void> {
    await this.service.start();
    const source = join(this.#directory.path, "source");
    mkdirSync(source);
    writeFileSync(join(source, "README"), "programs come by the command line");
    const store = new ImageStore(join(this.#directory.path, "images"), clock);
    this.#bundle = (await store.bake({ source })).directory;
  }

  /** A zone agent with a container engine, whose engine beneath stands behind a socket that can be cut. */
  async open(network: ContainerNetwork = { kind: "host" }): Promise<AgentWorld> {
    const world = temporaryDirectory("engine-socket");
    const proxy = await new SocketProxy(join(world.path, "d.sock"), this.service.socket).start();
    this.#places.use(world);
    this.#places.use(proxy);
    return AgentWorld.open({
      start: async (settings) => {
        const runtime = new ContainerRuntime(clock, silentLog, {
          stack: world.path,
          zone: settings.zone,
          socket: proxy.path,
          network,
          images: this.#images,
          logFileOf: (spec) => join(settings.logDirectory, `${spec.id}.log`),
        });
        const running = await runAgent(clock, random, silentLog, settings, {}, runtime);
        return {
          problem: () => running.agent.health.runtimeProblem,
          usage: (id) => running.agent.usage(id as InstanceId),
          shutdown: (graceMs) => running.agent.shutdown(graceMs),
          close: () => running.close(),
        };
      },
      connect: (sockets, epoch) => new ProcessEngine(clock, silentLog, { sockets, epoch }),
      image: () => this.#bundle,
      leftovers: async () => this.containers(`label=io.holdfast.stack=${world.path}`),
      beneath: { attempts: () => proxy.attempts, lose: () => proxy.lose() },
    });
  }

  /** Containers that are there, ended ones too, as `name state`. */
  containers(filter = "status=created"): string[] {
    return this.service
      .run("ps", "--all", "--filter", filter, "--format", "{{.Names}} {{.State}}")
      .split("\n")
      .filter((line) => line !== "");
  }

  /** @throws an error that names them when containers are left; all is gone then all the same. */
  async [Symbol.asyncDispose](): Promise<void> {
    let left = "";
    try {
      await this.service.start();
      left = this.service.run("ps", "--all", "--format", "{{.Names}} {{.State}}").trim();
    } finally {
      await this.#places.disposeAsync();
      await this.service[Symbol.asyncDispose]();
      this.#directory[Symbol.dispose]();
    }
    if (left !== "") throw new Error(`containers are left: ${left}`);
  }
}
