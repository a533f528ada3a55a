import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { waitFor } from "@holdfast/testing";
import { type BenchContext, size, sleep } from "../bench-context.ts";
import { type Measured, median } from "../figure.ts";
import { registerFleet, registrationOf } from "./fleet.ts";
import { registryProgram } from "./programs.ts";
import { freePorts, ServerProcess } from "./server-process.ts";
import { gzipScript, heartbeatScript, runWrk } from "./wrk.ts";

const peerName = "Netflix's Eureka server (Spring Cloud, its defaults)";

/** The same load on a real Eureka server and on ours, one after the other, several rounds. */
export async function* besideEureka(context: BenchContext): AsyncGenerator<Measured> {
  const fetched = join(context.root, "tests/outside/.fetched/spring-server");
  if (!existsSync(join(fetched, "ready.json"))) throw new Error("needs java and npm run outside:fetch");
  const [apps, perApp] = context.short ? [50, 10] : [1_000, 10];
  const [ours = 0, theirs = 0] = await freePorts(2);
  const settings = {
    HOLDFAST_SETTINGS: JSON.stringify({ name: "a", peers: [] }),
    NODE_OPTIONS: "--max-semi-space-size=2",
    MALLOC_ARENA_MAX: "1",
  };
  await using registry = await ServerProcess.start(
    [registryProgram(context.root)],
    ours,
    settings,
    "/v1/registry/health",
  );
  await using eureka = await EurekaProcess.start(fetched, theirs);
  await sleep(2_500);
  const rounds = size(context, 1, 3);
  const both = { ours: [] as number[], peer: [] as number[] };
  for (const [url, took] of [
    [registry.url, both.ours],
    [eureka.url, both.peer],
  ] as const) {
    context.say(`registering ${apps * perApp} instances at ${url}`);
    const startMs = performance.now();
    await registerFleet(url, apps, perApp, "/eureka");
    took.push((apps * perApp * 1_000) / (performance.now() - startMs));
  }
  const many = `${apps * perApp} instances in ${apps} applications`;
  yield { case: `registrations a second, ${many}`, ...sides(both), unit: "/s", goal: { leastRatio: 1 } };
  for (const [name, connections, script, path] of [
    ["heartbeats a second", 32, heartbeatScript(apps, perApp, "/eureka"), ""],
    ["GETs of all, gzip, a second", 16, gzipScript, "/eureka/apps"],
  ] as const) {
    const figures = { ours: [] as number[], peer: [] as number[] };
    // What both do at first (making the document, compiling) is no part of it.
    for (const { url } of [registry, eureka]) await runWrk(`${url}${path}`, connections, size(context, 1, 5), script);
    for (let round = 0; round < rounds; round++) {
      const seconds = size(context, 1, 5);
      figures.ours.push((await runWrk(`${registry.url}${path}`, connections, seconds, script)).perSecond);
      figures.peer.push((await runWrk(`${eureka.url}${path}`, connections, seconds, script)).perSecond);
    }
    const note = "by the clock, both cores, wrk taking one of them";
    yield { case: `${name}, ${many}`, ...sides(figures), unit: "/s", goal: { leastRatio: 1 }, note };
  }
  yield {
    case: `resident memory, ${many}`,
    ours: (await registry.probe()).rssMb,
    peer: eureka.rssMb,
    peerName,
    unit: "MB",
    goal: { ratio: 1 },
    note: "the JVM may take 512 MB of heap",
  };
  yield {
    case: "registered → seen by whoever asks for everything",
    ours: median(await freshness(context, registry.url)),
    peer: median(await freshness(context, eureka.url)),
    peerName,
    unit: "ms",
    goal: { ratio: 1 },
    note: "asked each 20 ms; Eureka's clients add their own 30 s of polling, ours are pushed to",
  };
}

function sides(figures: {
  readonly ours: number[];
  readonly peer: number[];
}): Pick<Measured, "ours" | "peer" | "peerName"> {
  return { ours: median(figures.ours), peer: median(figures.peer), peerName };
}

/** From the registration of a new instance until `GET apps` has it, ms. */
async function freshness(context: BenchContext, url: string): Promise<number[]> {
  const headers = { accept: "application/json" };
  const took: number[] = [];
  for (let round = 0; round < size(context, 1, 3); round++) {
    const id = `fresh-${Date.now().toString(36)}:fresh:80`;
    const startMs = performance.now();
    const body = registrationOf("fresh", id, 80);
    const json = { "content-type": "application/json" };
    const response = await fetch(`${url}/eureka/apps/FRESH`, { method: "POST", headers: json, body });
    if (response.status !== 204) throw new Error(`registering ${id}: answered ${response.status}`);
    const isThere = async (): Promise<boolean> =>
      (await (await fetch(`${url}/eureka/apps`, { headers })).text()).includes(id);
    await waitFor("the instance to be read", isThere, { timeoutMs: 60_000, everyMs: 20 });
    took.push(performance.now() - startMs);
  }
  return took;
}

/** A real Eureka server, as `npm run outside:fetch` brought it. */
class EurekaProcess implements AsyncDisposable {
  readonly url: string;
  readonly #pid: number;
  readonly #end: () => Promise<void>;

  private constructor(url: string, pid: number, end: () => Promise<void>) {
    this.url = url;
    this.#pid = pid;
    this.#end = end;
  }

  static async start(fetched: string, port: number): Promise<EurekaProcess> {
    const path = [join(fetched, "classes"), join(fetched, "lib", "*")].join(delimiter);
    const options = [
      "--spring.main.banner-mode=off",
      "--server.address=127.0.0.1",
      `--server.port=${port}`,
      "--spring.application.name=eureka-server",
      "--eureka.instance.hostname=localhost",
      "--eureka.client.register-with-eureka=false",
      "--eureka.client.fetch-registry=false",
      `--eureka.client.service-url.defaultZone=http://localhost:${port}/eureka/`,
      "--eureka.server.wait-time-in-ms-when-sync-empty=0",
    ];
    const child = spawn("java", ["-Xmx512m", "-cp", path, "holdfast.outside.Server", ...options], {
      // It ends with its standard input.
      stdio: ["pipe", "ignore", "ignore"],
    });
    const ended = new Promise<void>((resolve) => {
      child.once("exit", () => resolve());
      child.once("error", () => resolve());
    });
    const end = async (): Promise<void> => {
      child.kill("SIGKILL");
      await ended;
    };
    const url = `http://127.0.0.1:${port}`;
    try {
      const answers = async (): Promise<boolean> =>
        (await fetch(`${url}/eureka/apps`).catch(() => undefined))?.ok === true;
      await waitFor("the Eureka server to answer", answers, { timeoutMs: 60_000, everyMs: 200 });
    } catch (error) {
      await end();
      throw error;
    }
    return new EurekaProcess(url, child.pid ?? 0, end);
  }

  get rssMb(): number {
    const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.#pid}/status`, "utf8"))?.[1];
    return Number(kilobytes) / 1_024;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#end();
  }
}
