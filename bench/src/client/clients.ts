import { createRequire } from "node:module";
import { join } from "node:path";
import { BalancedClient, type ClientOptions } from "@holdfast/client";
import { staticServers } from "@holdfast/discovery";
import { type InstanceId, SystemClock, systemRandom } from "@holdfast/kernel";
import type { BalancerReport, InstanceRecord } from "@holdfast/wire";

/** One GET, read to its end; gives the status. */
export type Get = () => Promise<number>;

export interface Subject {
  readonly get: Get;
  /** Ours: what it did. */
  readonly report?: () => BalancerReport | undefined;
  /** Ours: one pick. */
  readonly pick?: () => unknown;
}

interface Answer {
  readonly statusCode: number;
  readonly body: { text(): Promise<string> };
}

interface Requester {
  request(options: { readonly path: string; readonly method: "GET" }): Promise<Answer>;
}

const undici = createRequire(join(import.meta.dirname, "../../peers/package.json"))("undici") as {
  readonly Pool: new (origin: string, options: object) => Requester;
  readonly BalancedPool: new (origins: readonly string[], options: object) => Requester;
  request(url: string, options: object): Promise<Answer>;
};

const connections = 64;
const asking = { path: "/", method: "GET" } as const;

/** Peers and ours, by name, for servers at these ports. */
export const subjects: Readonly<Record<string, (ports: readonly number[]) => Subject>> = {
  "undici-pools": (ports) => {
    const pools = ports.map((port) => new undici.Pool(origin(port), { connections }));
    let next = 0;
    return { get: () => read(pools[next++ % pools.length]?.request(asking)) };
  },
  "balanced-pool": (ports) => {
    const pool = new undici.BalancedPool(ports.map(origin), { connections });
    return { get: () => read(pool.request(asking)) };
  },
  json: (ports) => {
    const client = ours(ports);
    const service = client.service("bench");
    return ofOurs(client, async () => {
      await service.json("/");
      return 200;
    });
  },
  fetch: (ports) => {
    const client = ours(ports);
    const service = client.service("bench");
    return ofOurs(client, async () => {
      const response = await service.fetch("/");
      await response.text();
      return response.status;
    });
  },
  dispatcher: (ports) => {
    const client = ours(ports);
    return ofOurs(client, () => read(undici.request("http://bench/", { dispatcher: client.dispatcher })));
  },
  "fetch-without-circuit": (ports) => {
    const client = ours(ports, { circuit: false });
    const service = client.service("bench");
    return ofOurs(client, async () => {
      const response = await service.fetch("/");
      await response.text();
      return response.status;
    });
  },
};

function ofOurs(client: BalancedClient, get: Get): Subject {
  return { get, report: () => client.report("bench"), pick: () => client.pickOne("bench") };
}

function ours(ports: readonly number[], options: Partial<ClientOptions> = {}): BalancedClient {
  const records = ports.map((port, i) => recordOf(`i-${i}`, port));
  return new BalancedClient(staticServers({ bench: records }), new SystemClock(), systemRandom(), options);
}

function recordOf(id: string, port: number): InstanceRecord {
  const names = { application: "bench", cluster: "bench", serverGroup: "bench-v000", region: "r", zone: "a" };
  const state = { incarnation: 1, version: 1, status: "UP", verifiesIdentity: false, metadata: {} } as const;
  return { app: "bench", id: id as InstanceId, address: "127.0.0.1", port, ...names, ...state };
}

function origin(port: number): string {
  return `http://127.0.0.1:${port}`;
}

async function read(answering: Promise<Answer> | undefined): Promise<number> {
  if (answering === undefined) throw new Error("no server");
  const { statusCode, body } = await answering;
  await body.text();
  return statusCode;
}
