import { createRequire } from "node:module";
import { join } from "node:path";
import { BalancedClient, type ClientOptions } from "@holdfast/client";
import { staticServers } from "@holdfast/discovery";
import { type InstanceId, SystemClock, systemRandom } from "@holdfast/kernel";
import type { BalancerReport, InstanceRecord } from "@holdfast/wire";

/** What calls go through. */
export type SubjectName = keyof typeof subjects;

/** Where the servers are. */
export interface Layout {
  readonly ports: readonly number[];
  /** Zones they are spread over in turn; the caller is in the first. */
  readonly zones: number;
}

export interface Subject {
  /** One GET, read to its end; gives the status. */
  readonly get: () => Promise<number>;
  /** Ours: what it did. */
  readonly report?: () => BalancerReport | undefined;
  /** Ours: one pick. */
  readonly pick?: () => InstanceRecord | undefined;
}

interface Answer {
  readonly statusCode: number;
  readonly body: { text(): Promise<string> };
}

interface Requester {
  request(options: { readonly path: string; readonly method: "GET" }): Promise<Answer>;
}

interface Undici {
  readonly Pool: new (origin: string, options: object) => Requester;
  readonly BalancedPool: new (origins: readonly string[], options: object) => Requester;
  readonly RetryAgent: new (around: object, options: object) => Requester;
  request(url: string, options: object): Promise<Answer>;
  fetch(url: string, options: object): Promise<Response>;
}

/** The same version as ours is built on. */
const undici = createRequire(join(import.meta.dirname, "../../peers/package.json"))("undici") as Undici;

const connections = 64;
const asking = { path: "/", method: "GET" } as const;

/** Peers and ours. Each peer has as many connections to a server as ours may have. */
export const subjects = {
  "undici-pools": ({ ports }: Layout): Subject => {
    const next = poolsInTurn(ports);
    return { get: () => read(next().request(asking)) };
  },
  "undici-pools-fetch": ({ ports }: Layout): Subject => {
    const next = poolsInTurn(ports);
    const url = `${origin(ports[0] ?? 0)}/`;
    return { get: async () => readFetched(await undici.fetch(url, { dispatcher: next() })) };
  },
  "balanced-pool": ({ ports }: Layout): Subject => {
    const pool = balancedPool(ports);
    return { get: () => read(pool.request(asking)) };
  },
  "retry-agent": ({ ports }: Layout): Subject => {
    // Its own 500 ms before the first repetition would say nothing of what balancing can do.
    const agent = new undici.RetryAgent(balancedPool(ports), { maxRetries: 2, minTimeout: 50 });
    return { get: () => read(agent.request(asking)) };
  },
  json: (layout: Layout): Subject => {
    const client = ours(layout);
    const service = client.service("bench");
    return ofOurs(client, async () => {
      await service.json("/");
      return 200;
    });
  },
  fetch: (layout: Layout): Subject => fetching(ours(layout)),
  "fetch-without-circuit": (layout: Layout): Subject => fetching(ours(layout, { circuit: false })),
  dispatcher: (layout: Layout): Subject => {
    const client = ours(layout);
    return ofOurs(client, () => read(undici.request("http://bench/", { dispatcher: client.dispatcher })));
  },
  "dispatcher-fetch": (layout: Layout): Subject => {
    const client = ours(layout);
    const { dispatcher } = client;
    return ofOurs(client, async () => readFetched(await undici.fetch("http://bench/", { dispatcher })));
  },
} as const;

function fetching(client: BalancedClient): Subject {
  const service = client.service("bench");
  return ofOurs(client, async () => readFetched(await service.fetch("/")));
}

function ofOurs(client: BalancedClient, get: () => Promise<number>): Subject {
  return { get, report: () => client.report("bench"), pick: () => client.pickOne("bench") };
}

function ours({ ports, zones }: Layout, options: Partial<ClientOptions> = {}): BalancedClient {
  const records = ports.map((port, i) => recordOf(`i-${i}`, port, `zone-${i % zones}`));
  const all = { ...options, zone: "zone-0", connectionsMax: connections };
  return new BalancedClient(staticServers({ bench: records }), new SystemClock(), systemRandom(), all);
}

function recordOf(id: string, port: number, zone: string): InstanceRecord {
  const names = { application: "bench", cluster: "bench", serverGroup: "bench-v000", region: "r", zone };
  const state = { incarnation: 1, version: 1, status: "UP", verifiesIdentity: false, metadata: {} } as const;
  return { app: "bench", id: id as InstanceId, address: "127.0.0.1", port, ...names, ...state };
}

function balancedPool(ports: readonly number[]): Requester {
  return new undici.BalancedPool(ports.map(origin), { connections });
}

/** One Pool a server, in turn. */
function poolsInTurn(ports: readonly number[]): () => Requester {
  const pools = ports.map((port) => new undici.Pool(origin(port), { connections }));
  let turn = 0;
  return () => {
    const pool = pools[turn++ % pools.length];
    if (pool === undefined) throw new Error("no server");
    return pool;
  };
}

function origin(port: number): string {
  return `http://127.0.0.1:${port}`;
}

async function read(answering: Promise<Answer>): Promise<number> {
  const { statusCode, body } = await answering;
  await body.text();
  return statusCode;
}

async function readFetched(response: Response): Promise<number> {
  await response.text();
  return response.status;
}
