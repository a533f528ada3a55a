import { Agent, type IncomingMessage, request } from "node:http";
import { Agent as TlsAgent, request as tlsRequest } from "node:https";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { type Clock, PlatformError } from "@holdfast/kernel";
import type { OpenStream } from "./stream-call.ts";

export interface RegistryCall {
  /** Base URL of the registry; may hold a name and a password. */
  readonly base: string;
  readonly method: string;
  /** From the root of the host on, whatever path the base has. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** For the whole answer. */
  readonly timeoutMs: number;
  /** For the beginning of the answer. Default: `timeoutMs`. */
  readonly headMs?: number;
}

export interface RegistryReply {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

/** How registries are called: over HTTP, or through a simulated network. */
export interface RegistryTransport {
  /** @throws PlatformError `REGISTRY_UNREACHABLE` when there is no whole answer in time. */
  call(call: RegistryCall): Promise<RegistryReply>;
  /** How streams are opened. Default: over HTTP. */
  readonly open?: OpenStream;
  close(): void;
}

/** An answer longer than this, packed or not, is not one of a registry. */
const answerBytesMax = 64 * 1024 * 1024;
const unpack = promisify(gunzip);

/** Calls over `node:http`. Kept connections are shared by all calls of a transport. */
export class HttpTransport implements RegistryTransport {
  readonly #clock: Clock;
  readonly #localAddress: string | undefined;
  // Longer than the heartbeat, shorter than a server's 65 s of keep-alive.
  readonly #options = { keepAlive: true, maxSockets: 4, timeout: 20_000 };
  readonly #agent = new Agent(this.#options);
  #tlsAgent: TlsAgent | undefined;

  /** `localAddress`: to connect from, so that others see which instance calls. */
  constructor(clock: Clock, localAddress?: string) {
    this.#clock = clock;
    this.#localAddress = localAddress;
  }

  call(call: RegistryCall): Promise<RegistryReply> {
    const { base, method, timeoutMs } = call;
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void => {
        timer.cancel();
        headTimer.cancel();
        reject(unreachable(base, `no answer to ${method} ${call.path}`, { error, isSlow }));
      };
      const sent = this.#send(call, (response) => {
        headTimer.cancel();
        readAll(response).then((text) => {
          timer.cancel();
          const contentType = response.headers["content-type"] ?? "";
          resolve({ status: response.statusCode ?? 0, contentType, text });
        }, fail);
      });
      let isSlow = false;
      const giveUp = (ms: number) => (): void => {
        isSlow = true;
        sent.destroy(new Error(`no answer within ${ms} ms`));
      };
      const timer = this.#clock.after(timeoutMs, giveUp(timeoutMs));
      const headMs = call.headMs ?? timeoutMs;
      const headTimer = this.#clock.after(headMs, giveUp(headMs));
      sent.on("error", fail);
      sent.end(call.body);
    });
  }

  close(): void {
    this.#agent.destroy();
    this.#tlsAgent?.destroy();
  }

  #send(call: RegistryCall, onResponse: (response: IncomingMessage) => void): ReturnType<typeof request> {
    const url = new URL(call.path, call.base);
    const headers: Record<string, string | number> = { ...call.headers };
    if (call.body !== undefined) {
      headers["content-type"] ??= "application/json";
      headers["content-length"] = Buffer.byteLength(call.body);
    }
    const options = { method: call.method, headers, localAddress: this.#localAddress };
    if (url.protocol !== "https:") return request(url, { ...options, agent: this.#agent }, onResponse);
    this.#tlsAgent ??= new TlsAgent(this.#options);
    return tlsRequest(url, { ...options, agent: this.#tlsAgent }, onResponse);
  }
}

/** A base URL as logs and people may see it: without its password. */
export function nameOf(base: string): string {
  if (!base.includes("@")) return base;
  try {
    const url = new URL(base);
    url.username = "";
    url.password = "";
    return url.href.replace(/\/$/, "");
  } catch {
    return "(a URL that cannot be read)";
  }
}

/** `isSlow`: it was there but took too long, which asks for more patience than a refused connection does. */
export function unreachable(
  base: string,
  what: string,
  why: { readonly error?: unknown; readonly isSlow?: boolean } = {},
): PlatformError<"REGISTRY_UNREACHABLE"> {
  return new PlatformError("REGISTRY_UNREACHABLE", `registry ${nameOf(base)}: ${what}`, {
    cause: why.error,
    status: 503,
    next: "holdfast status",
    details: { isSlow: why.isSlow ?? false },
  });
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError("the answer is not bytes");
    bytes += chunk.length;
    if (bytes > answerBytesMax) throw new RangeError("the answer is too long");
    chunks.push(chunk);
  }
  const body = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
  if (response.headers["content-encoding"] !== "gzip") return body.toString("utf8");
  return (await unpack(body, { maxOutputLength: answerBytesMax })).toString("utf8");
}
