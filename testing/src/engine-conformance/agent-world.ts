import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { AgentSettings, Engine, LaunchSpec } from "@holdfast/wire";
import { temporaryDirectory } from "../stack.ts";
import type { EngineWorld, Outage, SpecChanges, Usage } from "./engine-world.ts";
import { launchOrder, testZone } from "./launch-orders.ts";
import { RegistryStub } from "./registry-stub.ts";

/** An agent that runs in this process. */
export interface RunningAgentLike {
  /** Why what is beneath it does not serve; empty when it does. */
  problem?(): string;
  usage(id: string): Promise<Usage | undefined>;
  /** Ends all instances within `graceMs`. */
  shutdown(graceMs: number): Promise<unknown>;
  /** Lets go of them. */
  close(): Promise<void>;
}

export interface AgentWorldOptions {
  /** Starts an agent; `directory` is this world's own. */
  readonly start: (settings: AgentSettings, directory: string) => Promise<RunningAgentLike>;
  readonly connect: (sockets: Readonly<Record<string, string>>, epoch: number) => Engine & { close(): void };
  /** The image that instances run, made in `directory` when it must be. */
  readonly image: (directory: string) => string;
  /** What is left after all have ended. */
  readonly leftovers: (ids: readonly string[]) => Promise<readonly string[]>;
  /** The engine beneath the agent, when there is one that can go away. */
  readonly beneath?: { readonly attempts: () => number; readonly lose: () => Promise<Outage> };
}

/** A world for engines that have one agent a zone: everything of it is in one directory, and ends with it. */
export class AgentWorld implements EngineWorld {
  readonly registry: RegistryStub;
  readonly #options: AgentWorldOptions;
  readonly #directory: { readonly path: string } & Disposable;
  readonly #settings: AgentSettings;
  readonly #image: string;
  readonly #ids: string[] = [];
  #agent: RunningAgentLike | undefined;
  #engine: Engine & { close(): void };
  #epoch = 1;

  private constructor(options: AgentWorldOptions, registry: RegistryStub) {
    this.#options = options;
    this.registry = registry;
    this.#directory = temporaryDirectory("engine");
    const root = this.#directory.path;
    const run = join(root, "run");
    this.#image = options.image(root);
    this.#settings = {
      zone: testZone,
      socket: join(run, "agent.sock"),
      stateFile: join(run, "agent.json"),
      pidFile: join(run, "agent.pid"),
      logDirectory: join(root, "logs"),
      registries: [registry.url],
    };
    mkdirSync(run, { mode: 0o700 });
    this.#engine = this.#connect();
  }

  static async open(options: AgentWorldOptions): Promise<AgentWorld> {
    const world = new AgentWorld(options, await new RegistryStub().start());
    await world.#startAgent();
    return world;
  }

  get engine(): Engine {
    return this.#engine;
  }

  get attempts(): number {
    return this.#options.beneath?.attempts() ?? 0;
  }

  /** Why the engine beneath does not serve, as the agent tells it; empty when it does. */
  get problem(): string {
    return this.#agent?.problem?.() ?? "";
  }

  async spec(run: string, changes: SpecChanges = {}): Promise<LaunchSpec> {
    const spec = await launchOrder(this.#image, run, changes);
    this.#ids.push(spec.id);
    return spec;
  }

  output(spec: LaunchSpec): string {
    try {
      return readFileSync(join(this.#settings.logDirectory, `${spec.id}.log`), "utf8");
    } catch {
      return "";
    }
  }

  usage(spec: LaunchSpec): Promise<Usage | undefined> {
    return this.#agent?.usage(spec.id) ?? Promise.resolve(undefined);
  }

  reconnect(): void {
    this.#engine.close();
    this.#epoch += 1;
    this.#engine = this.#connect();
  }

  async loseAgent(options: { readonly state?: "kept" | "lost" } = {}): Promise<Outage> {
    await this.#agent?.close();
    this.#agent = undefined;
    if (options.state === "lost") rmSync(this.#settings.stateFile);
    return { end: () => this.#startAgent() };
  }

  loseEngine(): Promise<Outage> {
    const { beneath } = this.#options;
    if (beneath === undefined) throw new Error("nothing is beneath this engine: declare engine-beneath");
    return beneath.lose();
  }

  leftovers(): Promise<readonly string[]> {
    return this.#options.leftovers(this.#ids);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#agent === undefined) await this.#startAgent();
    await this.#agent?.shutdown(500);
    await this.#agent?.close();
    this.#engine.close();
    await this.registry[Symbol.asyncDispose]();
    this.#directory[Symbol.dispose]();
  }

  async #startAgent(): Promise<void> {
    this.#agent = await this.#options.start(this.#settings, this.#directory.path);
  }

  #connect(): Engine & { close(): void } {
    return this.#options.connect({ [testZone.name]: this.#settings.socket }, this.#epoch);
  }
}
