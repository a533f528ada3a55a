import { fork } from "node:child_process";
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
  const [rounds, seconds] = [size(context, 1, 7), size(context, 2, 5)];
  const seen: Record<Mode, number[]> = { bare: [], serve: [], everything: [] };
  await using sink = await Sink.start();
  for (let round = 0; round < rounds; round++) {
    for (const mode of modes) seen[mode].push(await requestsPerCpuSecond(mode, seconds, sink.url));
  }
  const note = `a handler that filters 500 films and answers 20; GETs of ${connections} kept connections (wrk, a core of its own), requests in a second of the server's CPU time; ${rounds} interleaved rounds of ${seconds} s after 2 s to warm up, medians`;
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

async function requestsPerCpuSecond(mode: Mode, seconds: number, collector: string): Promise<number> {
  const tracing =
    mode === "everything" ? { OTEL_EXPORTER_OTLP_ENDPOINT: collector, HOLDFAST_ACCESS_LOG: accessShare } : {};
  const child = fork(join(import.meta.dirname, "server.ts"), [mode], {
    env: { ...process.env, HOLDFAST_ADMIN_PORT: "0", ...tracing },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  try {
    const [port] = (await once(child, "message")) as [number];
    const url = `http://127.0.0.1:${port}/films?genre=drama`;
    await runWrk(url, connections, 2, "");
    const before = usageOf(child.pid ?? 0)?.cpuMs ?? Number.NaN;
    const { perSecond, failed } = await runWrk(url, connections, seconds, "");
    if (failed > 0) throw new Error(`${mode}: ${failed} requests failed`);
    const used = (usageOf(child.pid ?? 0)?.cpuMs ?? Number.NaN) - before;
    return (perSecond * seconds) / (used / 1_000);
  } finally {
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
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
