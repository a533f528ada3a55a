import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BenchCase, type BenchContext, size, sleep } from "../bench-context.ts";
import { type Measured, median } from "../figure.ts";
import { installedPeers } from "../peers.ts";
import { usageOf } from "../processes.ts";
import { builtProgram } from "../registry/programs.ts";
import { runWrk } from "../registry/wrk.ts";

const directory = join(import.meta.dirname, "../sidecar");
const kinds = ["ours", "bare"] as const;
type Kind = (typeof kinds)[number];
const connections = 32;

const loads = [
  { name: "a GET of 1 KiB", path: "/small", script: "" },
  {
    name: "a POST of 1 KiB, answered with as much",
    path: "/small",
    script: 'wrk.method = "POST"\nwrk.body = string.rep("x", 1024)',
  },
  { name: "a GET of 1 MiB", path: "/big", script: "" },
] as const;

/** A program that listens on a port. */
class Program implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly port: number;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start(port: number, args: readonly string[]): Promise<Program> {
    const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
    const program = new Program(child, port);
    for (let tries = 0; tries < 100; tries++) {
      const answer = await fetch(`http://127.0.0.1:${port}/to/origin/small`).catch(() => undefined);
      if ((await answer?.text())?.includes("title") === true) return program;
      await sleep(100);
    }
    await program[Symbol.asyncDispose]();
    throw new Error(`${args.join(" ")}: does not answer`);
  }

  cpuMs(): number {
    return usageOf(this.#child.pid ?? -1)?.cpuMs ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#child, "exit");
    if (!this.#child.kill("SIGKILL")) return;
    await gone;
  }
}

/** What passing a request on costs the sidecar, beside the least a proxy can be. */
async function* proxied(context: BenchContext): AsyncGenerator<Measured> {
  const peers = await installedPeers(context.root, context.say);
  const [originPort = 0, ourPort = 0, barePort = 0, parentPort = 0] = await freePorts(4);
  const scratch = mkdtempSync(join(tmpdir(), "holdfast-sidecar-"));
  try {
    const config = join(scratch, "prana.properties");
    writeFileSync(config, `origin.ribbon.listOfServers=127.0.0.1:${originPort}\n`);
    await using _origin = await Program.start(originPort, [join(directory, "origin.mjs"), String(originPort)]);
    const sidecar = builtProgram(context.root, "sidecar");
    const own = ["-p", String(ourPort), "-a", "bench", "--parent-port", String(parentPort), "-c", config];
    await using ours = await Program.start(ourPort, [sidecar, ...own]);
    const bareArgs = [String(barePort), String(originPort), peers];
    await using bare = await Program.start(barePort, [join(directory, "bare-proxy.mjs"), ...bareArgs]);
    for (const load of loads) yield await cost(context, { ours, bare }, load);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

async function cost(
  context: BenchContext,
  proxies: Readonly<Record<Kind, Program>>,
  { name, path, script }: (typeof loads)[number],
): Promise<Measured> {
  const [rounds, seconds] = [size(context, 1, 5), size(context, 1, 4)];
  const costs: Record<Kind, number[]> = { ours: [], bare: [] };
  // The first of each compiles the code.
  for (let round = -1; round < rounds; round++) {
    for (const kind of kinds) {
      const proxy = proxies[kind];
      const before = proxy.cpuMs();
      const url = `http://127.0.0.1:${proxy.port}/to/origin${path}`;
      const { perSecond, failed } = await runWrk(url, connections, seconds, script);
      if (failed > 0) throw new Error(`${kind}: ${failed} failed`);
      if (round >= 0) costs[kind].push(((proxy.cpuMs() - before) * 1_000) / (perSecond * seconds));
    }
  }
  return {
    case: `CPU of a proxied request: ${name}`,
    ours: median(costs.ours),
    peer: median(costs.bare),
    peerName: "node:http and an undici Pool",
    unit: "µs",
    goal: { ratio: 1.2 },
    note: `the whole sidecar program; ${connections} connections, closed loop; ${rounds} interleaved rounds of ${seconds} s after one to warm up, medians`,
  };
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  return servers.map((server) => {
    const bound = server.address();
    server.close();
    return typeof bound === "object" && bound !== null ? bound.port : 0;
  });
}

export const cases: readonly BenchCase[] = [{ name: "proxy", run: proxied }];
