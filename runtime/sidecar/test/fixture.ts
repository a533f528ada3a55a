import { createServer, type RequestListener, type Server } from "node:http";
import { BalancedClient } from "@holdfast/client";
import { Config } from "@holdfast/config";
import type { ServerList } from "@holdfast/discovery";
import { type InstanceId, SeededRandom, SystemClock, silentLog } from "@holdfast/kernel";
import { MeterRegistry } from "@holdfast/metrics";
import { Resilience } from "@holdfast/resilience";
import { LocalApi, type LocalApiOptions, type ParentAnswer, type ParentCheck } from "@holdfast/sidecar";
import type { InstanceRecord } from "@holdfast/wire";

/** A registry view that tests write. */
export class WrittenList implements ServerList {
  readonly #apps = new Map<string, readonly InstanceRecord[]>();
  readonly #listeners = new Set<(apps: ReadonlySet<string>) => void>();

  set(app: string, records: readonly InstanceRecord[]): void {
    if (records.length === 0) this.#apps.delete(app);
    else this.#apps.set(app, records);
    for (const listener of this.#listeners) listener(new Set([app]));
  }

  instances(app: string): readonly InstanceRecord[] {
    return this.#apps.get(app) ?? [];
  }

  apps(): readonly string[] {
    return [...this.#apps.keys()];
  }

  subscribe(onChange: (apps: ReadonlySet<string>) => void): () => void {
    this.#listeners.add(onChange);
    return () => void this.#listeners.delete(onChange);
  }
}

export function recordOf(app: string, id: string, port: number, more: Partial<InstanceRecord> = {}): InstanceRecord {
  return {
    app,
    id: id as InstanceId,
    incarnation: 1,
    version: 1,
    status: "UP",
    region: "local-1",
    zone: "local-1a",
    address: "127.0.0.1",
    port,
    application: "movies",
    cluster: `movies-${app}`,
    serverGroup: `movies-${app}-v000`,
    verifiesIdentity: false,
    metadata: {},
    ...more,
  };
}

/** A server on a free port; gives its port. */
export async function listen(handler: RequestListener): Promise<{ port: number; server: Server } & AsyncDisposable> {
  const server = createServer({ requestTimeout: 0 }, handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : 0;
  return {
    port,
    server,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

export interface Api extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly config: Config;
  readonly servers: WrittenList;
  readonly meters: MeterRegistry;
  /** What the parent's health check will say. */
  answer: ParentAnswer;
}

/** A local API over a written registry view. */
export async function startApi(options: LocalApiOptions & { readonly check?: ParentCheck } = {}): Promise<Api> {
  const clock = new SystemClock();
  const config = new Config();
  const servers = new WrittenList();
  const meters = new MeterRegistry();
  const resilience = new Resilience(clock, new SeededRandom(1), config);
  const client = new BalancedClient(servers, clock, new SeededRandom(7), {}, { meters, resilience, config });
  const { check, ...limits } = options;
  const parts = {
    config,
    servers,
    client,
    meters,
    readMeters: () => {},
    streams: resilience.streams(),
    status: () => "UP" as const,
    check: check ?? (() => Promise.resolve(api.answer)),
  };
  const local = new LocalApi(clock, silentLog, parts, limits);
  const port = await local.listen("127.0.0.1", 0);
  const api: Api = {
    url: `http://127.0.0.1:${port}`,
    port,
    config,
    servers,
    meters,
    answer: { kind: "up", detail: "" },
    [Symbol.asyncDispose]: async () => {
      await local.close();
      await client.close();
    },
  };
  return api;
}
