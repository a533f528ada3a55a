import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { waitFor } from "@holdfast/testing";
import { type BenchContext, size, sleep } from "../bench-context.ts";
import { type Measured, median } from "../figure.ts";
import { RegistryCluster } from "./cluster.ts";
import { registryProgram } from "./programs.ts";
import { recordOf } from "./records.ts";
import { freePorts, ServerProcess } from "./server-process.ts";

/** From the moment an instance asks to be registered until each of 1,000 listeners has it. */
export async function* seenByListeners(context: BenchContext): AsyncGenerator<Measured> {
  const listeners = size(context, 100, 1_000);
  const [port = 0] = await freePorts(1);
  const settings = { HOLDFAST_SETTINGS: JSON.stringify({ name: "a", peers: [] }) };
  const program = [registryProgram(context.root)];
  await using registry = await ServerProcess.start(program, port, settings, "/v1/registry/health");
  await waitFor("the registry to serve streams", async () => (await fetch(`${registry.url}/v1/registry/health`)).ok);
  const script = join(import.meta.dirname, "listeners.mjs");
  const child = spawn(process.execPath, [script, registry.url, String(listeners)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  try {
    const lines = createInterface({ input: child.stdout });
    const answers: string[] = [];
    lines.on("line", (line) => answers.push(line));
    await waitFor(`${listeners} open streams`, () => answers.shift(), { timeoutMs: 30_000 });
    await registry.probe();
    const took: number[] = [];
    const stalls: number[] = [];
    for (let i = 0; i < size(context, 20, 300); i++) {
      const record = recordOf(`i-seen-${i}`);
      const path = `/v1/registry/instances/catalog/${record.id}`;
      child.stdin.write(`${JSON.stringify({ id: record.id, path, body: JSON.stringify(record) })}\n`);
      const answer = await waitFor("all to have seen it", () => answers.shift(), { everyMs: 2 });
      took.push(...(JSON.parse(answer) as { took: number[] }).took);
      await sleep(30);
      if (i % 20 === 19) stalls.push((await registry.probe()).maxMs);
    }
    took.sort((a, b) => a - b);
    const at = (share: number): number =>
      took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? Number.NaN;
    yield {
      case: `register → seen by ${listeners} pushed listeners, p99`,
      ours: at(0.99),
      unit: "ms",
      goal: { most: 250 },
      note: `p50 ${at(0.5).toFixed(1)} ms, max ${at(1).toFixed(1)} ms of ${took.length} sightings; all listeners in one process on the other core`,
    };
    yield {
      case: `event-loop stall while pushing to ${listeners} listeners, longest`,
      ours: median(stalls),
      unit: "ms",
      goal: { most: 5 },
      note: "median of the longest in 20 pushes",
    };
  } finally {
    child.kill("SIGKILL");
  }
}

/** From `kill -9` of an instance until a registry no longer shows it, with and without the probe. */
export async function* death(context: BenchContext): AsyncGenerator<Measured> {
  for (const probe of ["off", "tcp"] as const) {
    await using cluster = await RegistryCluster.start(context, { probe });
    const took: number[] = [];
    for (let round = 0; round < size(context, 1, 5); round++) took.push(await killOne(cluster, `i-victim-${round}`));
    yield {
      case: `kill -9 → gone from all three registries, ${probe === "off" ? "by its lease" : "with the probe"}`,
      ours: Math.max(...took),
      unit: "s",
      goal: { most: probe === "off" ? 10 : 1.5 },
      note: `the worst of ${took.length}; median ${median(took).toFixed(2)} s; Eureka's own worst case is 330 s, Consul's TTL checks remove after at least 60 s, Nacos after 30 s (documented)`,
    };
  }
}

async function killOne(cluster: RegistryCluster, id: string): Promise<number> {
  const script = join(import.meta.dirname, "instance.mjs");
  const child = spawn(process.execPath, [script, id, cluster.urls().join(",")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    await once(child.stdout, "data");
    const isShown = async (): Promise<boolean> => {
      const views = await Promise.all((["a", "b", "c"] as const).map((name) => cluster.view(name)));
      return views.every((view) => view.includes(id));
    };
    await waitFor("the instance at all three", isShown);
    // Not right after a heartbeat, nor right before one: anywhere in between.
    await sleep(1_000 + Math.random() * 3_000);
    const startMs = performance.now();
    child.kill("SIGKILL");
    const isGone = async (): Promise<boolean> => {
      const views = await Promise.all((["a", "b", "c"] as const).map((name) => cluster.view(name)));
      return views.every((view) => !view.includes(id));
    };
    await waitFor("it to be gone", isGone, { timeoutMs: 30_000, everyMs: 20 });
    return (performance.now() - startMs) / 1_000;
  } finally {
    child.kill("SIGKILL");
  }
}
