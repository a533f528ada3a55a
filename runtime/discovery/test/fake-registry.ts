import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { parseInstanceId } from "@holdfast/kernel";
import {
  type DeltaMessage,
  encodeSse,
  type InstanceRecord,
  RegistryPaths,
  type SnapshotMessage,
  sseHeartbeat,
} from "@holdfast/wire";

export function recordOf(id: string, more: Partial<InstanceRecord> = {}): InstanceRecord {
  const parsed = parseInstanceId(id);
  if (parsed === undefined) throw new Error(`${id} is no instance id`);
  return {
    app: "catalog",
    id: parsed,
    incarnation: 1_000,
    version: 1,
    status: "UP",
    region: "local-1",
    zone: "local-1a",
    address: "127.1.1.10",
    port: 12_000,
    application: "movies",
    cluster: "movies-catalog",
    serverGroup: "movies-catalog-v000",
    verifiesIdentity: true,
    metadata: {},
    ...more,
  };
}

/** What was asked, such as `PUT /v1/registry/instances/catalog/i-1 {…}`. */
export interface Asked {
  readonly line: string;
  readonly body: string;
  readonly lastEventId: string | undefined;
}

/** The other end of the wire: says what a test tells it to, and remembers what it was asked. */
export class FakeRegistry {
  readonly asked: Asked[] = [];
  /** Answers by the beginning of `Asked.line`; else 204. */
  readonly answers = new Map<string, { status: number; body?: unknown }>();
  /** What a new stream begins with; refused with 503 when absent. */
  snapshot: SnapshotMessage | undefined;
  readonly #server: Server;
  readonly #streams = new Set<ServerResponse>();

  private constructor() {
    this.#server = createServer((req, res) => void this.#answer(req, res));
  }

  static async start(port = 0): Promise<FakeRegistry> {
    const registry = new FakeRegistry();
    await new Promise<void>((resolve, reject) => {
      registry.#server.once("error", reject);
      registry.#server.listen(port, "127.0.0.1", resolve);
    });
    return registry;
  }

  get port(): number {
    const bound = this.#server.address();
    return typeof bound === "object" && bound !== null ? bound.port : 0;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** `ageMs`: how long this registry says that it has been running. */
  shows(instances: readonly InstanceRecord[], ageMs = 3_600_000, name = "fake"): void {
    this.snapshot = { cursor: `${name}:1000:1`, listener: `${name}-listener`, instances, ageMs };
  }

  tell(delta: Partial<DeltaMessage>): void {
    const whole: DeltaMessage = { cursor: "fake:1000:2", upserts: [], removals: [], ...delta };
    for (const stream of this.#streams) stream.write(encodeSse({ event: "delta", data: JSON.stringify(whole) }));
  }

  beat(): void {
    for (const stream of this.#streams) stream.write(sseHeartbeat);
  }

  say(text: string): void {
    for (const stream of this.#streams) stream.write(text);
  }

  get streams(): number {
    return this.#streams.size;
  }

  dropStreams(): void {
    for (const stream of this.#streams) stream.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    let body = "";
    for await (const chunk of req) body += String(chunk);
    const line = `${req.method} ${req.url}`;
    const lastEventId = req.headers["last-event-id"];
    this.asked.push({ line, body, lastEventId: typeof lastEventId === "string" ? lastEventId : undefined });
    if (req.url?.startsWith(RegistryPaths.stream) === true) return this.#stream(res);
    for (const [start, answer] of this.answers) {
      if (!line.startsWith(start)) continue;
      return void res.writeHead(answer.status).end(answer.body === undefined ? undefined : JSON.stringify(answer.body));
    }
    res.writeHead(204).end();
  }

  #stream(res: ServerResponse): void {
    if (this.snapshot === undefined) return void res.writeHead(503).end();
    res.writeHead(200, { "content-type": "text/event-stream" });
    res.write(encodeSse({ event: "snapshot", data: JSON.stringify(this.snapshot) }));
    this.#streams.add(res);
    res.on("close", () => this.#streams.delete(res));
  }
}
