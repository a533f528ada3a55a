import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";

/**
 * What a service does without Holdfast: node:http, and undici's plain `Pool`s in turn, told by `BARE_SERVERS`
 * (`{ app: [origin] }`). A time limit for each call, and nothing else: no registry, no second try, no circuit, no
 * limits, no metrics.
 */
type UndiciPool = {
  request(options: {
    path: string;
    method: string;
    body?: string | undefined;
    headers?: Record<string, string> | undefined;
    signal?: AbortSignal | undefined;
  }): Promise<{ statusCode: number; body: { json(): Promise<unknown> } }>;
};
const { Pool } = createRequire(join(process.env["BARE_PEERS"] ?? "", "package.json"))("undici") as {
  Pool: new (origin: string, options: { connections: number }) => UndiciPool;
};
const servers = JSON.parse(process.env["BARE_SERVERS"] ?? "{}") as Record<string, string[]>;

interface Asked {
  readonly timeoutMs?: number;
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
}

class BareClient {
  readonly #pools: readonly UndiciPool[];
  #turn = 0;

  constructor(origins: readonly string[]) {
    this.#pools = origins.map((origin) => new Pool(origin, { connections: 256 }));
  }

  async json(path: string, init: Asked = {}): Promise<unknown> {
    const { statusCode, body } = await this.#request(path, init);
    const value = await body.json();
    if (statusCode >= 300) throw new Error(`${path} answered ${statusCode}`);
    return value;
  }

  async fetch(path: string, init: Asked = {}): Promise<{ status: number; json(): Promise<unknown> }> {
    const { statusCode, body } = await this.#request(path, init);
    return { status: statusCode, json: () => body.json() };
  }

  #request(
    path: string,
    { timeoutMs = 10_000, method = "GET", body, headers }: Asked,
  ): ReturnType<UndiciPool["request"]> {
    this.#turn = (this.#turn + 1) % this.#pools.length;
    const pool = this.#pools[this.#turn];
    if (pool === undefined) throw new Error("no servers: BARE_SERVERS does not name this app");
    return pool.request({ path, method, body, headers, signal: AbortSignal.timeout(timeoutMs) });
  }
}

export function client(name: string): BareClient {
  return new BareClient(servers[name] ?? []);
}

type BareHandler = (req: IncomingMessage, res: ServerResponse) => Promise<void>;

export async function serve({ handler }: { readonly handler: BareHandler }): Promise<Server> {
  const server = createServer((req, res) => {
    handler(req, res).catch((error: unknown) => {
      console.error(error);
      if (res.headersSent) res.destroy();
      else res.writeHead(500).end();
    });
  });
  const port = Number(process.env["PORT"]);
  await new Promise<void>((resolve) => server.listen(port, process.env["HOST"], resolve));
  return server;
}
