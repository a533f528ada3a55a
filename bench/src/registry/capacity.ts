import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BenchContext, size, sleep } from "../bench-context.ts";
import { type Measured, median } from "../figure.ts";
import { registerFleet } from "./fleet.ts";
import { registryProgram } from "./programs.ts";
import { freePorts, ServerProcess } from "./server-process.ts";
import { gzipScript, heartbeatScript, runWrk } from "./wrk.ts";

/** The registry under the load of many Eureka clients, against bare node:http servers in the same minutes. */
export async function* capacity(context: BenchContext): AsyncGenerator<Measured> {
  const [apps, perApp] = context.short ? [50, 10] : [1_000, 10];
  const [portA = 0, portB = 0, portC = 0] = await freePorts(3);
  const settings = { HOLDFAST_SETTINGS: JSON.stringify({ name: "a", peers: [] }) };
  await using registry = await ServerProcess.start(
    [registryProgram(context.root)],
    portA,
    settings,
    "/v1/registry/health",
  );
  await sleep(2_500);
  context.say(`registering ${apps * perApp} instances`);
  await registerFleet(registry.url, apps, perApp);
  const body = await gzipBody(`${registry.url}/eureka/v2/apps`);
  context.say(`the whole registry is ${(body.length / 1_024).toFixed(0)} KiB gzipped`);
  const scratch = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  try {
    writeFileSync(join(scratch, "body"), body);
    await using empty = await ServerProcess.start([bareProgram], portB, {}, "/");
    const full = { HOLDFAST_BENCH_BODY: join(scratch, "body") };
    await using filled = await ServerProcess.start([bareProgram], portC, full, "/");
    yield* heartbeats(context, registry, empty, apps, perApp);
    yield* fullGets(context, registry, filled);
    yield* churn(context, registry, apps);
    const { rssMb } = await registry.probe();
    yield {
      case: `${apps * perApp} instances in ${apps} applications: RSS of the registry`,
      ours: rssMb,
      unit: "MB",
      goal: { most: 150 },
      note: "after the loads above, at rest",
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

const bareProgram = join(import.meta.dirname, "bare-server.mjs");

async function* heartbeats(
  context: BenchContext,
  registry: ServerProcess,
  bare: ServerProcess,
  apps: number,
  perApp: number,
): AsyncGenerator<Measured> {
  const script = heartbeatScript(apps, perApp);
  const rounds = await compare(context, registry, bare, 32, script, "");
  yield {
    case: "heartbeats a second on one core",
    ours: median(rounds.ours),
    peer: median(rounds.peer),
    peerName: "bare node:http answering 200",
    unit: "/s",
    goal: { leastRatio: 0.7 },
    note: rounds.note,
  };
  yield stallOf("event-loop stall under heartbeats, longest", rounds);
}

async function* fullGets(
  context: BenchContext,
  registry: ServerProcess,
  bare: ServerProcess,
): AsyncGenerator<Measured> {
  const rounds = await compare(context, registry, bare, 16, gzipScript, "/eureka/v2/apps");
  yield {
    case: "cached GET of all, gzip, a second on one core",
    ours: median(rounds.ours),
    peer: median(rounds.peer),
    peerName: "bare node:http sending the same bytes",
    unit: "/s",
    goal: { leastRatio: 0.6 },
    note: rounds.note,
  };
  yield stallOf("event-loop stall under full GETs, longest", rounds);
}

interface Rounds {
  readonly ours: number[];
  readonly peer: number[];
  readonly stalls: number[];
  readonly peerStalls: number[];
  note: string;
}

/** Interleaved rounds of wrk against both. */
async function compare(
  context: BenchContext,
  registry: ServerProcess,
  bare: ServerProcess,
  connections: number,
  script: string,
  path: string,
): Promise<Rounds> {
  const rounds: Rounds = { ours: [], peer: [], stalls: [], peerStalls: [], note: "" };
  const seconds = size(context, 1, 5);
  let failed = 0;
  for (let round = 0; round < size(context, 1, 5); round++) {
    await registry.probe();
    const ours = await runWrk(`${registry.url}${path}`, connections, seconds, script);
    rounds.stalls.push((await registry.probe()).maxMs);
    await bare.probe();
    const peer = await runWrk(`${bare.url}${path}`, connections, seconds, script);
    rounds.peerStalls.push((await bare.probe()).maxMs);
    rounds.ours.push(ours.perSecond);
    rounds.peer.push(peer.perSecond);
    failed += ours.failed;
  }
  rounds.note = `wrk, ${connections} connections, ${rounds.ours.length} × ${seconds} s interleaved; ${failed} failed`;
  return rounds;
}

function stallOf(name: string, rounds: Rounds): Measured {
  return {
    case: name,
    ours: median(rounds.stalls),
    peer: median(rounds.peerStalls),
    peerName: "bare node:http in the same minutes",
    unit: "ms",
    goal: { most: 5 },
    note: "median of the rounds' longest; a timer of 1 ms, and whatever the machine takes the core away for, are part of it",
  };
}

/** One per cent of the instances change, then everybody asks for what is new: its CPU time against doing everything anew. */
async function* churn(context: BenchContext, registry: ServerProcess, apps: number): AsyncGenerator<Measured> {
  const count = Math.max(1, Math.round(apps / 10));
  const spent: number[] = [];
  const wholes: number[] = [];
  const stalls: number[] = [];
  for (let round = 0; round < size(context, 2, 7); round++) {
    const idle = await cpuOf(registry, async () => {});
    await override(registry, count, round % 2 === 0 ? "OUT_OF_SERVICE" : "UP");
    await registry.probe();
    spent.push((await cpuOf(registry, () => gzipBody(`${registry.url}/eureka/v2/apps/delta`))) - idle);
    stalls.push((await registry.probe()).maxMs);
    wholes.push(await wholeCost(registry));
  }
  yield {
    case: "1 % churn: CPU of the next delta",
    ours: Math.max(0, median(spent)),
    peer: median(wholes),
    peerName: "serialising and compressing everything",
    unit: "ms",
    goal: { ratio: 0.05 },
    note: `${count} instances changed; the time of JSON.stringify and gzip of the same content is the peer's`,
  };
  yield {
    case: "event-loop stall of the first delta and GET after churn, longest",
    ours: median(stalls),
    unit: "ms",
    goal: { most: 5 },
  };
}

async function cpuOf(registry: ServerProcess, work: () => Promise<unknown>): Promise<number> {
  const before = await registry.probe();
  await work();
  return (await registry.probe()).cpuMs - before.cpuMs;
}

async function wholeCost(registry: ServerProcess): Promise<number> {
  const { gunzipSync, gzipSync } = await import("node:zlib");
  const content: unknown = JSON.parse(gunzipSync(await gzipBody(`${registry.url}/eureka/v2/apps`)).toString());
  const start = process.cpuUsage();
  gzipSync(JSON.stringify(content));
  const used = process.cpuUsage(start);
  return (used.user + used.system) / 1_000;
}

async function override(registry: ServerProcess, count: number, status: string): Promise<void> {
  for (let app = 0; app < count; app++) {
    const path = `/eureka/v2/apps/APP-${app}/host-${app}-0:app-${app}:8080/status?value=${status}`;
    const response = await fetch(`${registry.url}${path}`, { method: "PUT" });
    if (response.status !== 200) throw new Error(`PUT ${path}: answered ${response.status}`);
    await response.arrayBuffer();
  }
}

function gzipBody(url: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const headers = { accept: "application/json", "accept-encoding": "gzip" };
    const call = request(url, { headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        if (response.statusCode === 200) resolve(Buffer.concat(chunks));
        else reject(new Error(`GET ${url}: answered ${response.statusCode}`));
      });
    });
    call.on("error", reject);
    call.end();
  });
}
