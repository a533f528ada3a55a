import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { type BenchContext, size } from "../bench-context.ts";
import { type Measured, median } from "../figure.ts";
import { installedPeers, runProgram } from "../peers.ts";
import type { LoadOptions, LoadResult } from "./load.ts";

const serverProgram = join(import.meta.dirname, "server.mjs");
const loadProgram = join(import.meta.dirname, "load.ts");

/** Three servers, one of which refuses, answers 500, or is slow: how many GETs succeed, and how long they take. */
export async function* oneBad(context: BenchContext): AsyncIterable<Measured> {
  await installedPeers(context.root, context.say);
  const calls = size(context, 500, 5_000);
  const cases = [
    { what: "refuses connections", mode: "refuse", goal: { least: 1 } },
    { what: "answers 500", mode: "500", goal: { least: 0.999 } },
    { what: "answers 300 ms later", mode: "slow", goal: { least: 1 } },
  ] as const;
  for (const { what, mode, goal } of cases) {
    await using bad = mode === "refuse" ? await refusing() : await servers(1, mode);
    await using good = await servers(2, "ok");
    const ports = [...good.ports, ...bad.ports];
    const [ours, peer] = await interleaved(context, ["fetch", "balanced-pool"], { ports, warmUp: 0, calls, wide: 50 });
    const note = `fetch(), ${calls} GETs, 50 at a time, from a cold start, ${roundsOf(context)} interleaved rounds; tries by server: ${ours.tries.join(", ")}`;
    const peerName = "undici BalancedPool";
    const success = { ours: ours.ok, peer: peer.ok, unit: "of calls", goal };
    yield { case: `one of three ${what}: answered 200`, ...success, peerName, note };
    const slow = {
      ours: ours.p99Ms,
      peer: peer.p99Ms,
      unit: "ms",
      ...(mode === "slow" ? { goal: { ratio: 0.15 } } : {}),
    };
    yield { case: `one of three ${what}: p99`, ...slow, peerName, note };
  }
}

/** What a call costs the calling process, where all is well. */
export async function* cost(context: BenchContext): AsyncIterable<Measured> {
  await installedPeers(context.root, context.say);
  await using good = await servers(3, "ok");
  const calls = size(context, 2_000, 40_000);
  const options = { ports: good.ports, warmUp: calls / 2, calls, wide: 50 };
  const subjects = ["json", "dispatcher", "fetch", "undici-pools"] as const;
  const [json, dispatcher, fetching, pools] = await interleaved(context, subjects, options);
  const note = `user and system time of the calling process, ${calls} GETs, 50 at a time, ${roundsOf(context)} interleaved rounds`;
  const about = { peer: pools.cpuUs, peerName: "three plain undici Pools in turn", unit: "µs/request" };
  const goal = { ratio: 1.15 };
  yield { case: "CPU of a call, json()", ours: json.cpuUs, ...about, goal, note };
  yield { case: "CPU of a call, undici.request with our dispatcher", ours: dispatcher.cpuUs, ...about, goal, note };
  const fetchNote = `${note}; a Response is made, which the peer does not`;
  yield { case: "CPU of a call, fetch()", ours: fetching.cpuUs, ...about, note: fetchNote };
}

/** Choosing among very many, and how evenly a hundred are used. */
export async function* picking(context: BenchContext): AsyncIterable<Measured> {
  await using good = await servers(100, "ok");
  const calls = size(context, 2_000, 50_000);
  const load = { subject: "json", ports: good.ports, warmUp: calls, calls, wide: 100 };
  const { tries } = await run(load);
  const mean = tries.reduce((sum, one) => sum + one, 0) / tries.length;
  const note = `${calls} GETs, 100 at a time, over 100 ports of one process`;
  yield {
    case: "imbalance of 100 servers, busiest / mean",
    ours: Math.max(...tries) / mean,
    unit: "",
    goal: { most: 1.2 },
    note,
  };
  // A pick opens no connection: ports nobody listens on will do.
  const ports = Array.from({ length: 1_000 }, (_, i) => (i === 0 ? (good.ports[0] ?? 1) : 20_000 + i));
  const picks = size(context, 20_000, 1_000_000);
  const { pickNs } = await run({ ...load, ports, warmUp: 1, calls: 1, wide: 1, picks });
  const how = `BalancedClient.pickOne, power of two choices, median of 9 × ${picks}`;
  yield { case: "a pick among 1,000 servers", ours: pickNs, unit: "ns", goal: { most: 300 }, note: how };
}

/** All servers answer 503, or refuse: how many tries a call makes. */
export async function* outage(context: BenchContext): AsyncIterable<Measured> {
  const calls = size(context, 1_000, 10_000);
  for (const subject of ["fetch", "fetch-without-circuit"]) {
    await using bad = await servers(3, "503");
    const { tries } = await run({ subject, ports: bad.ports, warmUp: 0, calls, wide: 50 });
    const sum = tries.reduce((all, one) => all + one, 0);
    const how = subject === "fetch" ? "" : ", without circuit";
    const note = `${calls} GETs, 50 at a time`;
    yield { case: `all answer 503${how}: tries a call`, ours: sum / calls, unit: "", goal: { most: 1.2 }, note };
  }
}

interface Servers extends AsyncDisposable {
  readonly ports: readonly number[];
}

async function servers(count: number, mode: string): Promise<Servers> {
  const child: ChildProcess = fork(serverProgram, [String(count), mode], { stdio: "inherit" });
  const [ports] = (await once(child, "message")) as [readonly number[]];
  return {
    ports,
    [Symbol.asyncDispose]: async () => {
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    },
  };
}

/** A port at which nobody listens. */
async function refusing(): Promise<Servers> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  await new Promise((resolve) => server.close(resolve));
  return {
    ports: [typeof bound === "object" && bound !== null ? bound.port : 1],
    [Symbol.asyncDispose]: async () => {},
  };
}

type Medians = Record<"ok" | "p50Ms" | "p99Ms" | "cpuUs", number> & { readonly tries: readonly number[] };

const roundsOf = (context: BenchContext): number => size(context, 1, 5);

/** Medians of several rounds, in each of which every subject has its turn; `ok` as a share, the worst of the rounds. */
async function interleaved<const Names extends readonly string[]>(
  context: BenchContext,
  names: Names,
  options: Omit<LoadOptions, "subject">,
): Promise<{ readonly [K in keyof Names]: Medians }> {
  const results = names.map((): LoadResult[] => []);
  for (let round = 0; round < roundsOf(context); round++) {
    for (const [i, subject] of names.entries()) results[i]?.push(await run({ ...options, subject }));
  }
  const medians = results.map(
    (all): Medians => ({
      ok: Math.min(...all.map((one) => one.ok / (one.ok + one.failed))),
      p50Ms: median(all.map((one) => one.p50Ms)),
      p99Ms: median(all.map((one) => one.p99Ms)),
      cpuUs: median(all.map((one) => one.cpuUs)),
      tries: all[0]?.tries ?? [],
    }),
  );
  return medians as unknown as { readonly [K in keyof Names]: Medians };
}

async function run(options: LoadOptions): Promise<LoadResult> {
  return JSON.parse(
    await runProgram(process.execPath, [loadProgram, JSON.stringify(options)], { timeoutMs: 120_000 }),
  ) as LoadResult;
}
