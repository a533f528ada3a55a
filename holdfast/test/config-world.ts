import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import type { TestContext } from "node:test";
import { MemoryConfigStore } from "@holdfast/config-server";
import { instanceToken } from "@holdfast/engine-process";
import { type InstanceId, makeZones, SeededRandom, SystemClock, silentLog } from "@holdfast/kernel";
import { temporaryDirectory } from "@holdfast/testing";
import {
  type ConfigChange,
  type ConfigSnapshot,
  Env,
  healthCheckDefaults,
  type InstanceObservation,
  SseDecoder,
  type SseEvent,
} from "@holdfast/wire";
import { ConfigHouse } from "../src/config/config-house.ts";
import { Access } from "../src/control/api/access.ts";
import { configRoutes } from "../src/control/api/config-routes.ts";
import { apiServer, listen } from "../src/control/api/server.ts";
import { readInstanceKey } from "../src/stack/instance-key.ts";

const operatorToken = "o".repeat(64);

/** One stream of a process. */
export interface Listening {
  readonly events: SseEvent[];
  readonly snapshot: () => ConfigSnapshot;
  readonly changes: () => ConfigChange[];
  close(): void;
}

/** Control's configuration API with instances that exist in name only. */
export class ConfigWorld {
  readonly house: ConfigHouse;
  readonly base: string;
  readonly key: string;
  readonly directory: string;
  /** What the diary was told. */
  readonly remarks: readonly string[];

  private constructor(house: ConfigHouse, base: string, key: string, directory: string, remarks: readonly string[]) {
    this.house = house;
    this.base = base;
    this.key = key;
    this.directory = directory;
    this.remarks = remarks;
  }

  static async make(t: TestContext, instances: InstanceObservation[]): Promise<ConfigWorld> {
    const directory = temporaryDirectory("config-api");
    const clock = new SystemClock();
    const access = new Access(clock, operatorToken, 0);
    const store = new MemoryConfigStore();
    const remarks: string[] = [];
    const house = new ConfigHouse({
      clock,
      random: new SeededRandom(1),
      log: silentLog,
      stateDirectory: directory.path,
      cloud: { instances: () => instances, remark: (cause) => void remarks.push(cause) },
      access,
      store,
      opened: await store.open(),
      counts: undefined,
    });
    const options = { consoleDirectory: undefined, openapi: () => ({}) };
    const app = apiServer(silentLog, access, configRoutes({ config: house }, "operator"), options);
    const port = await listen(app, "127.0.0.1", 0);
    access.allowPort(port);
    t.after(async () => {
      await house.close();
      await app.close();
      directory[Symbol.dispose]();
    });
    const base = `http://127.0.0.1:${port}`;
    return new ConfigWorld(house, base, readInstanceKey(directory.path), directory.path, remarks);
  }

  /** As an operator. */
  async call(method: string, path: string, body?: unknown): Promise<{ status: number; body: never; text: string }> {
    const answer = await fetch(`${this.base}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${operatorToken}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(5_000),
    });
    const text = await answer.text();
    return { status: answer.status, body: JSON.parse(text) as never, text };
  }

  tokenOf(instance: string): string {
    return instanceToken(this.key, instance);
  }

  /** As an instance, or with another token. */
  async ask(path: string, token: string | undefined): Promise<{ status: number; body: Record<string, unknown> }> {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const answer = await fetch(`${this.base}${path}`, { headers, signal: AbortSignal.timeout(5_000) });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  }

  async listen(instance: string, query = ""): Promise<Listening> {
    const headers = { authorization: `Bearer ${this.tokenOf(instance)}` };
    const request = get(`${this.base}/v1/config/stream?serverId=${instance}${query}`, { headers, agent: false });
    const [response] = (await once(request, "response")) as [IncomingMessage];
    const events: SseEvent[] = [];
    const decoder = new SseDecoder((event) => events.push(event));
    response.setEncoding("utf8").on("data", (chunk: string) => decoder.push(chunk));
    // The server may let go of a stream at any time.
    response.on("error", () => {});
    return {
      events,
      snapshot: () => JSON.parse(events.findLast(({ event }) => event === "snapshot")?.data ?? "null"),
      changes: () => events.filter(({ event }) => event === "change").map(({ data }) => JSON.parse(data)),
      close: () => request.destroy(),
    };
  }
}

export function instance(id: string, service: string, zoneIndex = 0): InstanceObservation {
  const zone = makeZones(1, 3)[zoneIndex];
  if (zone === undefined) throw new Error("no such zone");
  return {
    spec: {
      id: id as InstanceId,
      kind: "app",
      application: "movies",
      service,
      cluster: `movies-${service}`,
      serverGroup: `movies-${service}-v001`,
      zone,
      address: "127.1.1.10",
      port: 1,
      adminPort: 2,
      image: "/",
      run: "",
      env: { [Env.environment]: "prod" },
      health: healthCheckDefaults,
      drainMs: 0,
      logBytesMax: 0,
    },
    state: "up",
    reason: "",
    reasonCode: "HEALTHY",
    pid: 1,
    startedAtMs: 0,
    sinceMs: 0,
    healthyAtMs: 0,
    exit: undefined,
    logFile: "",
    registeredByEngine: false,
  };
}
