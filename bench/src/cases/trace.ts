import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { SystemClock } from "@holdfast/kernel";
import { formatTraceparent, IdSource, parseTraceparent, Sampling, SpanKind, SpanRing, Tracer } from "@holdfast/trace";
import { type BenchCase, type BenchContext, size, sleep } from "../bench-context.ts";
import { type Measured, median } from "../figure.ts";
import { nsPerCall, rounds } from "../ns-per-call.ts";
import { usageOf } from "../processes.ts";
import { runWrk } from "../registry/wrk.ts";

const connections = 32;

/** Requests served, `calls` called on behalf of each; `telling`: with a caller that names a trace. */
function requests(ratio: number, calls: number, telling: boolean): (count: number) => void {
  const sampling = new Sampling();
  sampling.ratio = ratio;
  const ids = IdSource.fromSystem();
  const ring = new SpanRing(512);
  const tracer = new Tracer(new SystemClock(), ids, sampling, ring);
  const said = formatTraceparent(ids.traceId(), ids.spanId(), 0);
  return (count) => {
    for (let i = 0; i < count; i++) {
      const span = tracer.serve("", i, telling ? parseTraceparent(said) : undefined);
      for (let call = 0; call < calls; call++) {
        const attributes = ["http.request.method", "GET", "url.path", "/titles", "peer.service", "catalog"];
        const one = span.child(SpanKind.client, "GET catalog", i, attributes);
        if (one.traceparent.length !== 55) throw new Error("no traceparent");
        one.end(i + 1);
      }
      span.end(i + 2);
    }
  };
}

async function* request(context: BenchContext): AsyncGenerator<Measured> {
  const count = size(context, 200_000, 2_000_000);
  const note = `without HTTP; ${rounds} runs of ${count}, median`;
  const plain = requests(0, 0, false);
  plain(count);
  yield { case: "a request not kept", ours: nsPerCall(count, plain), unit: "ns", goal: { most: 100 }, note };
  const told = requests(0, 0, true);
  told(count);
  yield { case: "a request not kept, with traceparent", ours: nsPerCall(count, told), unit: "ns", note };
  for (const ratio of [0, 0.05, 1]) {
    const calling = requests(ratio, 1, false);
    calling(count / 10);
    const ours = nsPerCall(count / 10, calling);
    yield {
      case: `a request and a call, ${ratio * 100} % kept`,
      ours,
      unit: "ns",
      note: `with the call's traceparent; ${note}`,
    };
  }
}

const kinds = ["off", "0", "0.05", "1"] as const;
type Kind = (typeof kinds)[number];

/** A service of the sample, tracing so many of its requests, and a collector that takes the spans. */
async function* served(context: BenchContext): AsyncGenerator<Measured> {
  await using collector = await Collector.start();
  const programs = new Map<Kind, ServiceProgram>();
  const costs = new Map<Kind, number[]>(kinds.map((kind) => [kind, []]));
  const [turns, seconds] = [size(context, 1, 5), size(context, 1, 3)];
  try {
    for (const kind of kinds) programs.set(kind, await ServiceProgram.start(context.root, collector.port, kind));
    // The first of each compiles the code.
    for (let turn = -1; turn < turns; turn++) {
      for (const [kind, program] of programs) {
        const before = program.cpuMs();
        const { perSecond, failed } = await runWrk(`${program.url}/users/1`, connections, seconds, "");
        if (failed > 0) throw new Error(`${kind}: ${failed} failed`);
        if (turn >= 0) costs.get(kind)?.push(((program.cpuMs() - before) * 1_000) / (perSecond * seconds));
      }
    }
  } finally {
    for (const program of programs.values()) await program.end();
  }
  if (collector.requests === 0) throw new Error("no spans came");
  const peer = median(costs.get("off") ?? []);
  for (const kind of kinds.slice(1)) {
    yield {
      case: `CPU of a served request, ${Number(kind) * 100} % traced`,
      ours: median(costs.get(kind) ?? []),
      peer,
      peerName: "the same without tracing",
      unit: "µs",
      ...(kind === "1" ? {} : { goal: { ratio: 1.05 } }),
      note: `the sample's users; ${connections} connections, closed loop; ${turns} interleaved rounds of ${seconds} s after one to warm up, medians`,
    };
  }
}

/** Takes what comes and keeps nothing. */
class Collector implements AsyncDisposable {
  readonly #server: Server;
  requests = 0;

  private constructor() {
    this.#server = createServer((req, res) => {
      this.requests += 1;
      req.resume().on("end", () => res.writeHead(200, { "content-type": "application/x-protobuf" }).end());
    });
  }

  static async start(): Promise<Collector> {
    const collector = new Collector();
    collector.#server.listen(0, "127.0.0.1");
    await once(collector.#server, "listening");
    return collector;
  }

  get port(): number {
    const bound = this.#server.address();
    return typeof bound === "object" && bound !== null ? bound.port : 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

class ServiceProgram {
  readonly #child: ChildProcess;
  readonly url: string;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  static async start(root: string, collectorPort: number, kind: Kind): Promise<ServiceProgram> {
    const free = createServer().listen(0, "127.0.0.1");
    await once(free, "listening");
    const bound = free.address();
    const port = typeof bound === "object" && bound !== null ? bound.port : 0;
    await new Promise((resolve) => free.close(resolve));
    const child = spawn(process.execPath, ["services/users/main.ts"], {
      stdio: "ignore",
      cwd: join(root, "examples/movies"),
      env: {
        PATH: process.env["PATH"],
        PORT: String(port),
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collectorPort}`,
        ...(kind === "off" ? { OTEL_SDK_DISABLED: "true" } : { OTEL_TRACES_SAMPLER: "parentbased_traceidratio" }),
        OTEL_TRACES_SAMPLER_ARG: kind,
      },
    });
    const program = new ServiceProgram(child, `http://127.0.0.1:${port}`);
    for (let tries = 0; tries < 100; tries++) {
      const answer = await fetch(`${program.url}/users/1`).catch(() => undefined);
      if (answer?.status === 200) return program;
      await sleep(100);
    }
    await program.end();
    throw new Error("the service does not answer");
  }

  cpuMs(): number {
    return usageOf(this.#child.pid ?? -1)?.cpuMs ?? 0;
  }

  async end(): Promise<void> {
    const gone = once(this.#child, "exit");
    if (this.#child.kill("SIGKILL")) await gone;
  }
}

export const cases: readonly BenchCase[] = [
  { name: "request", run: request },
  { name: "served", run: served },
];
