import { Agent, type IncomingHttpHeaders, request } from "node:http";
import { gunzipSync } from "node:zlib";
import { SystemClock, silentLog, systemRandom } from "@holdfast/kernel";
import { type RunningRegistry, startRegistry } from "@holdfast/registry-server";
import type { RegistrySettings } from "@holdfast/wire";
import type { EurekaInstance } from "@holdfast/wire/eureka";
import { encodeInstance } from "@holdfast/wire/eureka";

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Unpacked. */
  readonly text: string;
}

export interface Sent {
  /** Exactly these: nothing is added but Host and the length. */
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

const clock = new SystemClock();
export const asJson = { accept: "application/json" };
export const fromPeer = { "x-netflix-discovery-replication": "true" };

/** The real registry behind real HTTP, and a client that sends exactly what it is told to. */
export class Door implements AsyncDisposable {
  readonly running: RunningRegistry;
  readonly #agent = new Agent({ keepAlive: true });

  private constructor(running: RunningRegistry) {
    this.running = running;
  }

  static async open(settings: Partial<RegistrySettings> = {}, port = 0): Promise<Door> {
    const known = { name: "a", peers: [], ...settings };
    const running = await startRegistry(clock, systemRandom(), silentLog, known, { port });
    return new Door(running);
  }

  get registry(): RunningRegistry["registry"] {
    return this.running.registry;
  }

  get(path: string, headers: Record<string, string> = asJson): Promise<Reply> {
    return this.send("GET", path, { headers });
  }

  send(method: string, path: string, sent: Sent = {}): Promise<Reply> {
    return sendTo(this.running.url, this.#agent, method, path, sent);
  }

  /** Registers as a client does, in JSON. */
  register(instance: EurekaInstance, headers: Record<string, string> = {}): Promise<Reply> {
    const body = encodeInstance(instance, "json", "full");
    const path = `/eureka/apps/${encodeURIComponent(instance.app)}`;
    return this.send("POST", path, { headers: { "content-type": "application/json", ...headers }, body });
  }

  get port(): number {
    return Number(new URL(this.running.url).port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
    await this.running.close();
  }
}

function sendTo(
  base: string,
  agent: Agent,
  method: string,
  path: string,
  { headers = {}, body }: Sent,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(base);
    const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const options = { hostname, port, method, path, agent, headers: { ...headers, ...length } };
    const call = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const raw = Buffer.concat(chunks);
        const packed = response.headers["content-encoding"] === "gzip" && raw.length > 0;
        const text = (packed ? gunzipSync(raw) : raw).toString("utf8");
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    });
    call.on("error", reject);
    call.end(body);
  });
}
