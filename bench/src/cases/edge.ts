import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BenchCase, type BenchContext, size } from "../bench-context.ts";
import { originOf, proxiesTo, type Subject } from "../edge/subjects.ts";
import { type Measured, median } from "../figure.ts";
import { runProgram } from "../peers.ts";
import { runWrk } from "../registry/wrk.ts";

const connections = 64;
/** What a browser sends: 12 fields with Host. */
const browser = Object.entries({
  Connection: "keep-alive",
  "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
  Accept: "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
  "Accept-Encoding": "gzip, deflate, br, zstd",
  "Accept-Language": "en-GB,en;q=0.9,de;q=0.8",
  "Cache-Control": "no-cache",
  Cookie: "session=0123456789abcdef0123456789abcdef; theme=dark; region=eu-west-1; consent=all",
  Referer: "https://movies.example.com/title/tt0083658",
  "Sec-Fetch-Mode": "navigate",
  "Sec-Fetch-Site": "same-origin",
  "X-Request-Id": "0123456789abcdef0123456789abcdef",
});
const script = browser.map(([name, value]) => `wrk.headers["${name}"] = "${value}"`).join("\n");

/** Requests of 1 KiB that a proxy passes on for a second of CPU, each proxy alone on its core. */
async function* bareRoute(context: BenchContext): AsyncGenerator<Measured> {
  const scratch = mkdtempSync(join(tmpdir(), "holdfast-edge-"));
  const subjects: Subject[] = [];
  try {
    const [originPort = 0, ...ports] = await freePorts(5);
    const origin = await originOf(originPort, scratch);
    subjects.push(origin);
    const proxies = await proxiesTo(originPort, ports, scratch, join(context.root, "bench/peers"));
    subjects.push(...proxies);
    const [rounds, seconds] = [size(context, 1, 7), size(context, 1, 4)];
    const perCpuSecond = new Map(proxies.map(({ name }) => [name, [] as number[]]));
    // The first of each compiles the code.
    for (let round = -1; round < rounds; round++)
      for (const proxy of proxies.toSorted(() => context.random.next() - 0.5)) {
        const before = proxy.cpuMs();
        const { perSecond, failed } = await runWrk(`http://127.0.0.1:${proxy.port}/`, connections, seconds, script);
        if (failed > 0) throw new Error(`${proxy.name}: ${failed} failed`);
        const one = (perSecond * seconds * 1_000) / (proxy.cpuMs() - before);
        if (round >= 0) perCpuSecond.get(proxy.name)?.push(one);
      }
    const note = `1 KiB of JSON, 12 request fields, ${connections} kept connections, closed loop; ${rounds} interleaved rounds of ${seconds} s after one to warm up, medians`;
    const goals = { nginx: 0.7, HAProxy: 0.5, "@fastify/http-proxy": 2.5 } as const;
    for (const [peerName, leastRatio] of Object.entries(goals))
      if (perCpuSecond.has(peerName))
        yield {
          case: `requests of a bare route per CPU second, beside ${peerName}`,
          ours: median(perCpuSecond.get("ours") ?? []),
          peer: median(perCpuSecond.get(peerName) ?? []),
          peerName,
          unit: "requests",
          goal: { leastRatio },
          note,
        };
  } finally {
    for (const subject of subjects) await subject[Symbol.asyncDispose]();
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Connections full of requests, right and nearly right, read by our core and by `node:http`. */
async function* fuzz(context: BenchContext): AsyncGenerator<Measured> {
  const cases = size(context, 10_000, 1_000_000);
  const program = join(context.root, "runtime/http1/test/fuzz-program.ts");
  const printed = await runProgram(process.execPath, [program, String(cases), "1"], { timeoutMs: 1_800_000 });
  const { accepted, stricter, disagreements } = JSON.parse(printed) as Readonly<Record<string, number>>;
  yield {
    case: "requests that our HTTP core takes and node:http refuses or reads otherwise",
    ours: disagreements ?? Number.NaN,
    unit: "",
    goal: { most: 0 },
    note: `${cases} connections, ${accepted} requests taken alike, ${stricter} connections in which we refuse what it takes`,
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

export const cases: readonly BenchCase[] = [
  { name: "bare", run: bareRoute },
  { name: "fuzz", run: fuzz },
];
