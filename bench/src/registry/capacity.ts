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
  // The environment is the one that `up` gives it.
  const settings = {
    HOLDFAST_SETTINGS: JSON.stringify({ name: "a", peers: [] }),
    NODE_OPTIONS: "--max-semi-space-size=2",
    MALLOC_ARENA_MAX: "1",
  };
  await using registry = await ServerProcess.start(
    [registryProgram(context.root)],
    portA,
    settings,
    "/v1/registry/health",
  );
  await sleep(2_500);
  context.say(`registering ${apps * perApp} instances`);
  await registerFleet(registry.url, apps, perApp);
  const registeredAtMs = performance.now();
  await registry.probe();
  await gzipBody(`${registry.url}/eureka/v2/apps`);
  const first = await registry.probe();
  yield {
    case: "event-loop stall of the very first GET of all, longest",
    ours: first.maxMs,
    unit: "ms",
    goal: { most: 5 },
    note: "nothing is made yet and no code is warm",
  };
  // What has stood unchanged for two seconds is compressed once more, as a whole.
  await sleep(2_500);
  await gzipBody(`${registry.url}/eureka/v2/apps`);
  await sleep(1_000);
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
    yield* churn(context, registry, apps, registeredAtMs);
    await sleep(size(context, 0, 5_000));
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
    case: "heartbeats a second of one core's time",
    ours: median(rounds.oursPerCore),
    peer: median(rounds.peerPerCore),
    peerName: "bare node:http answering 200",
    unit: "/s",
    goal: { leastRatio: 0.7 },
    note: `${rounds.note}; by the clock, wrk taking its own: ${Math.round(median(rounds.ours))} and ${Math.round(median(rounds.peer))} a second`,
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
    case: "cached GETs of all, gzip, a second",
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
  /** By the time the server's own process took. */
  readonly oursPerCore: number[];
  readonly peerPerCore: number[];
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
  const rounds: Rounds = {
    ours: [],
    peer: [],
    oursPerCore: [],
    peerPerCore: [],
    stalls: [],
    peerStalls: [],
    note: "",
  };
  const seconds = size(context, 1, 5);
  let failed = 0;
  for (let round = 0; round < size(context, 1, 5); round++) {
    const run = async (server: ServerProcess, perSecond: number[], perCore: number[], stalls: number[]) => {
      const before = await server.probe();
      const done = await runWrk(`${server.url}${path}`, connections, seconds, script);
      const after = await server.probe();
      perSecond.push(done.perSecond);
      perCore.push((done.perSecond * seconds * 1_000) / (after.cpuMs - before.cpuMs));
      stalls.push(after.maxMs);
      failed += done.failed;
    };
    await run(registry, rounds.ours, rounds.oursPerCore, rounds.stalls);
    await run(bare, rounds.peer, rounds.peerPerCore, rounds.peerStalls);
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

/** What has just been registered is in the delta for three minutes more, swept each 30 s. */
const deltaForgetsMs = 215_000;

/**
 * One per cent of the instances change, then everybody asks for what is new, or for everything: the CPU time that takes
 * against that of doing everything anew.
 */
async function* churn(
  context: BenchContext,
  registry: ServerProcess,
  apps: number,
  registeredAtMs: number,
): AsyncGenerator<Measured> {
  const count = Math.max(1, Math.round(apps / 10));
  const restMs = context.short ? 0 : registeredAtMs + deltaForgetsMs - performance.now();
  if (restMs > 0) {
    context.say(`waiting ${Math.round(restMs / 1_000)} s until the delta has forgotten the registrations`);
    await sleep(restMs);
  }
  const rounds = { delta: [] as number[], all: [] as number[], wholes: [] as number[], stalls: [] as number[] };
  const get = (path: string) => cpuOf(registry, () => gzipBody(`${registry.url}/eureka/v2/${path}`));
  for (let round = 0; round < size(context, 2, 15); round++) {
    await override(registry, count, round % 2 === 0 ? "OUT_OF_SERVICE" : "UP");
    await registry.probe();
    const delta = await get("apps/delta");
    const all = await get("apps");
    rounds.stalls.push((await registry.probe()).maxMs);
    // What sending the same bytes once more takes is no part of making them.
    rounds.delta.push(delta - (await get("apps/delta")));
    rounds.all.push(all - (await get("apps")));
    rounds.wholes.push(await wholeCost(registry));
  }
  const whole = {
    peer: median(rounds.wholes),
    peerName: "serialising and compressing everything",
    unit: "ms",
    goal: { ratio: 0.05 },
    note: `${count} instances changed, one in an application each; CPU time of the registry, less that of the same answer once more`,
  } as const;
  yield { case: "1 % churn: making the next delta", ours: Math.max(0, median(rounds.delta)), ...whole };
  yield { case: "1 % churn: making the next document of all", ours: Math.max(0, median(rounds.all)), ...whole };
  yield {
    case: "event-loop stall of the first delta and GET after churn, longest",
    ours: median(rounds.stalls),
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
