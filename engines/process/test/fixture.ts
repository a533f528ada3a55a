import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { SystemClock, silentLog, systemRandom, type Zone } from "@holdfast/kernel";
import { temporaryDirectory } from "@holdfast/testing";
import { launchOrder, RegistryStub, type SpecChanges, testZone } from "@holdfast/testing/engine-conformance";
import type { AgentSettings, InstanceObservation, LaunchSpec } from "@holdfast/wire";
import { type AgentTimings, ProcessEngine, processNow, type RunningAgent, runAgent } from "../src/index.ts";

export const clock = new SystemClock();
const random = systemRandom();
export const zone: Zone = testZone;

/** A foreign program: answers 200 on HOST:PORT and knows nothing of Holdfast. */
export const foreignProgram = `node -e 'require("http").createServer((q, s) => s.end("ok")).listen(process.env.PORT, process.env.HOST)'`;

/** A program that behaves as one on our recipe does, seen from outside: an admin port that names its instance. */
export const recipeProgram = `node -e 'const h = require("http"), e = process.env; const id = {"x-holdfast-instance": e.HOLDFAST_INSTANCE_ID}; h.createServer((q, s) => s.writeHead(200, id).end()).listen(e.HOLDFAST_ADMIN_PORT, e.HOST, () => h.createServer((q, s) => s.writeHead(200, id).end()).listen(e.PORT, e.HOST)); process.on("SIGTERM", () => process.exit(0))'`;

/** One zone with a running agent, an engine that commands it, and a registry; disposing leaves no process. */
export class ZoneFixture implements AsyncDisposable {
  readonly root: string;
  readonly settings: AgentSettings;
  readonly registry: RegistryStub;
  readonly #timings: Partial<AgentTimings>;
  readonly #directory: Disposable;
  readonly #engines: ProcessEngine[] = [];
  readonly #watching = new AbortController();
  running: RunningAgent | undefined;

  private constructor(registry: RegistryStub, timings: Partial<AgentTimings>) {
    const directory = temporaryDirectory("agent");
    this.#directory = directory;
    this.root = directory.path;
    this.registry = registry;
    this.#timings = timings;
    const run = join(this.root, "run");
    mkdirSync(join(this.root, "image"));
    this.settings = {
      zone,
      socket: join(run, "agent.sock"),
      stateFile: join(run, "agent.json"),
      pidFile: join(run, "agent.pid"),
      logDirectory: join(this.root, "logs"),
      registries: [registry.url],
    };
  }

  static async start(options: { agent?: boolean; timings?: Partial<AgentTimings> } = {}): Promise<ZoneFixture> {
    const fixture = new ZoneFixture(await new RegistryStub().start(), options.timings ?? {});
    if (options.agent !== false) await fixture.startAgent();
    return fixture;
  }

  async startAgent(): Promise<void> {
    this.running = await runAgent(clock, random, silentLog, this.settings, this.#timings);
  }

  engine(epoch = 1): ProcessEngine {
    const engine = new ProcessEngine(clock, silentLog, { sockets: { [zone.name]: this.settings.socket }, epoch });
    this.#engines.push(engine);
    return engine;
  }

  /** Everything the engine reports from now on, with the monotonic time it came. */
  watch(engine: ProcessEngine): { readonly atMs: number; readonly seen: InstanceObservation }[] {
    const events: { atMs: number; seen: InstanceObservation }[] = [];
    engine.watch((seen) => void events.push({ atMs: performance.now(), seen }), this.#watching.signal);
    return events;
  }

  spec(run: string, changes: SpecChanges = {}): Promise<LaunchSpec> {
    return launchOrder(join(this.root, "image"), run, changes);
  }

  async one(engine: ProcessEngine, id: string): Promise<InstanceObservation | undefined> {
    return (await engine.list()).instances.find((observation) => observation.spec.id === id);
  }

  log(spec: LaunchSpec): string {
    return readFileSync(join(this.settings.logDirectory, `${spec.id}.log`), "utf8");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watching.abort();
    await this.running?.agent.shutdown(500);
    await this.running?.close();
    for (const engine of this.#engines) engine.close();
    await this.registry[Symbol.asyncDispose]();
    this.#directory[Symbol.dispose]();
  }
}

/** Is a process with this pid running now? */
export function lives(pid: number): boolean {
  return processNow(pid) !== undefined;
}
