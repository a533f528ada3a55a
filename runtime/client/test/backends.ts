import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { BalancedClient, type ClientOptions } from "@holdfast/client";
import type { ServerList } from "@holdfast/discovery";
import { type InstanceId, SeededRandom, SystemClock } from "@holdfast/kernel";
import type { InstanceRecord } from "@holdfast/wire";

export type Behaviour = (req: IncomingMessage, res: ServerResponse, backend: Backend) => void;

const started = new Set<Backend>();

/** A real HTTP server that counts what it executed; `behaviour` can be changed while it runs. */
export class Backend {
  readonly id: InstanceId;
  readonly server: Server;
  behaviour: Behaviour;
  executions = 0;
  connections = 0;
  lastHeaders: IncomingMessage["headers"] = {};
  port = 0;

  private constructor(id: string, behaviour: Behaviour) {
    this.id = id as InstanceId;
    this.behaviour = behaviour;
    this.server = createServer({ keepAliveTimeout: 65_000, maxHeaderSize: 128 * 1024 }, (req, res) => {
      this.executions += 1;
      this.lastHeaders = req.headers;
      this.behaviour(req, res, this);
    });
    this.server.on("connection", (socket) => {
      this.connections += 1;
      socket.on("close", () => void (this.connections -= 1));
    });
  }

  /** Ends those that a test, having failed, has left behind: one open port would keep the process from ending. */
  static async endAll(): Promise<void> {
    for (const backend of started) await backend[Symbol.asyncDispose]();
    started.clear();
  }

  static async start(id: string, behaviour: Behaviour = answerId): Promise<Backend> {
    const backend = new Backend(id, behaviour);
    started.add(backend);
    await new Promise<void>((resolve) => backend.server.listen(0, "127.0.0.1", resolve));
    const bound = backend.server.address();
    backend.port = typeof bound === "object" && bound !== null ? bound.port : 0;
    return backend;
  }

  record(more: Partial<InstanceRecord> = {}): InstanceRecord {
    return recordOf(this.id, this.port, more);
  }

  /** As `kill -9` would: every connection is reset, and new ones are refused. */
  async kill(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeAllConnections();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    if (this.server.listening) await new Promise((resolve) => this.server.close(resolve));
  }
}

export function recordOf(id: string, port: number, more: Partial<InstanceRecord> = {}): InstanceRecord {
  return {
    app: "catalog",
    id: id as InstanceId,
    incarnation: 1,
    version: 1,
    status: "UP",
    region: "local-1",
    zone: "local-1a",
    address: "127.0.0.1",
    port,
    application: "movies",
    cluster: "movies-catalog",
    serverGroup: "movies-catalog-v000",
    verifiesIdentity: false,
    metadata: {},
    ...more,
  };
}

/** A registry view that tests write. */
export class WrittenList implements ServerList {
  readonly #apps = new Map<string, readonly InstanceRecord[]>();
  readonly #listeners = new Set<(apps: ReadonlySet<string>) => void>();

  constructor(records: readonly InstanceRecord[]) {
    this.set("catalog", records);
  }

  set(app: string, records: readonly InstanceRecord[]): void {
    this.#apps.set(app, records);
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

export function clientOf(list: ServerList, options: Partial<ClientOptions> = {}, seed = 7): BalancedClient {
  return new BalancedClient(list, new SystemClock(), new SeededRandom(seed), options);
}

export const answerId: Behaviour = (req, res, backend) => {
  req.resume();
  req.on("end", () => res.end(backend.id));
};

/** Takes the request and says nothing, as a stopped process does. */
export const keepSilent: Behaviour = () => {};

/** Announces more than it sends, then resets. */
export const cutAnswer: Behaviour = (_req, res) => {
  res.writeHead(200, { "content-length": "1000" });
  res.write("half of it", () => res.socket?.resetAndDestroy());
};

export const resetAtOnce: Behaviour = (req) => void req.socket.resetAndDestroy();

export const answerStatus =
  (status: number, headers: Record<string, string> = {}): Behaviour =>
  (req, res) => {
    req.resume();
    req.on("end", () => res.writeHead(status, headers).end(`status ${status}`));
  };
