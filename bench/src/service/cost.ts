import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { join } from "node:path";
import { type BenchContext, size } from "../bench-context.ts";
import { type Measured, median } from "../figure.ts";
import { usageOf } from "../processes.ts";
import { runWrk } from "../registry/wrk.ts";

const modes = ["bare", "serve", "everything"] as const;
type Mode = (typeof modes)[number];
const connections = 64;
const accessShare = "0.05";

/** A handler of little work, bare and as a service: requests a second of the server's own processor time. */
export async function* cost(context: BenchContext): AsyncIterable<Measured> {
  const [rounds, seconds] = [size(context, 3, 21), 1];
  await using sink = await Sink.start();
  const servers = new Map<Mode, Served>();
  const seen: Record<Mode, number[]> = { bare: [], serve: [], everything: [] };
  try {
    for (const mode of modes) servers.set(mode, await Served.start(mode, sink.url));
    // All of them live all the time, and take turns each second: the machine is not the same one a minute later.
    for (const server of servers.values()) await server.perCpuSecond(4);
    for (let round = 0; round < rounds; round++) {
      for (const [mode, server] of servers) seen[mode].push(await server.perCpuSecond(seconds));
    }
  } finally {
    for (const server of servers.values()) await server.end();
  }
  const note = `a handler that filters 500 films and answers 20; GETs of ${connections} kept connections (wrk, a core of its own), requests in a second of the server's CPU time; ${rounds} interleaved rounds of ${seconds} s, medians`;
  const bare = { peer: median(seen.bare), peerName: "the same handler on node:http", unit: "/s", note };
  yield { case: "throughput of serve()", ours: median(seen.serve), ...bare, goal: { leastRatio: 0.9 } };
  yield {
    case: "throughput of serve() with everything on",
    ours: median(seen.everything),
    ...bare,
    goal: { leastRatio: 0.9 },
    note: `${note}; everything: 5 % of requests traced and sent, 5 % in the log of accesses, an adaptive limit, checks, components`,
  };
}

/** One server process. */
class Served {
  readonly #child: ChildProcess;
  readonly #mode: Mode;
  readonly #url: string;

  private constructor(child: ChildProcess, mode: Mode, port: number) {
    this.#child = child;
    this.#mode = mode;
    this.#url = `http://127.0.0.1:${port}/films?genre=drama`;
  }

  static async start(mode: Mode, collector: string): Promise<Served> {
    const tracing =
      mode === "everything" ? { OTEL_EXPORTER_OTLP_ENDPOINT: collector, HOLDFAST_ACCESS_LOG: accessShare } : {};
    const child = fork(join(import.meta.dirname, "server.ts"), [mode], {
      env: { ...process.env, HOLDFAST_ADMIN_PORT: "0", ...tracing },
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const [port] = (await once(child, "message")) as [number];
    return new Served(child, mode, port);
  }

  async perCpuSecond(seconds: number): Promise<number> {
    const before = this.#cpuMs();
    const { perSecond, failed } = await runWrk(this.#url, connections, seconds, "");
    if (failed > 0) throw new Error(`${this.#mode}: ${failed} requests failed`);
    return (perSecond * seconds) / ((this.#cpuMs() - before) / 1_000);
  }

  async end(): Promise<void> {
    const gone = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await gone;
  }

  #cpuMs(): number {
    return usageOf(this.#child.pid ?? 0)?.cpuMs ?? Number.NaN;
  }
}

/** Takes spans and says thank you. */
class Sink implements AsyncDisposable {
  readonly #server = createServer((req, res) => {
    req.resume();
    req.on("end", () => res.end("{}"));
  });
  url = "";

  static async start(): Promise<Sink> {
    const sink = new Sink();
    await new Promise<void>((resolve) => sink.#server.listen(0, "127.0.0.1", resolve));
    const bound = sink.#server.address();
    sink.url = `http://127.0.0.1:${typeof bound === "object" && bound !== null ? bound.port : 0}`;
    return sink;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
