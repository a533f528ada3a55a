import { Readable } from "node:stream";
import { errorFromProblem, problemContentType } from "@holdfast/wire";
import type { BalancedClient } from "./balanced-client.ts";
import { withContext } from "./context-headers.ts";
import type { Answer } from "./try.ts";

export interface CallInit extends RequestInit {
  /** The whole time for this call in ms. Default: the client's `timeoutMs`. */
  readonly timeoutMs?: number;
}

/** Calls one service by its name. */
export interface ServiceClient {
  /** As global `fetch`, with the origin left out: `fetch("/titles?limit=5")`. */
  fetch(path: string | URL | Request, init?: CallInit): Promise<Response>;
  /**
   * Fetches and parses JSON.
   *
   * @throws the error a problem+json answer carries, or `HTTP_ERROR`, when the status is not 2xx.
   */
  json<T>(path: string | URL, init?: CallInit): Promise<T>;
}

/** Headers that belong to one connection, or that we set ourselves. */
const notOurs: ReadonlySet<string> = new Set([
  "host",
  "connection",
  "content-length",
  "transfer-encoding",
  "keep-alive",
]);

export class FetchClient implements ServiceClient {
  readonly #name: string;
  readonly #client: BalancedClient;

  constructor(name: string, client: BalancedClient) {
    this.#name = name;
    this.#client = client;
  }

  async fetch(path: string | URL | Request, init: CallInit = {}): Promise<Response> {
    const { timeoutMs = this.#client.options.timeoutMs, ...rest } = init;
    const given = path instanceof Request ? path : new URL(path, `http://${this.#name}`);
    const isPlain = given instanceof URL && (rest.body === undefined || rest.body === null);
    const request = isPlain ? undefined : new Request(given, rest);
    const method = (request?.method ?? rest.method ?? "GET").toUpperCase();
    const target = given instanceof URL ? given : new URL(given.url);
    const answer = await this.#client.call(this.#name, {
      method,
      path: `${target.pathname}${target.search}`,
      headers: withContext(flatten(this.#name, request?.headers ?? new Headers(rest.headers))),
      body: request?.body === undefined || request.body === null ? null : Buffer.from(await request.arrayBuffer()),
      timeoutMs,
      holdBackBytes: this.#client.options.holdBackBytes,
      signal: rest.signal ?? (path instanceof Request ? path.signal : undefined),
    });
    return toResponse(answer, method);
  }

  async json<T>(path: string | URL, init: CallInit = {}): Promise<T> {
    if (init.method === undefined && init.body === undefined) return this.#getJson<T>(path, init);
    const response = await this.fetch(path, init);
    if (response.ok) return (await response.json()) as T;
    const isProblem = response.headers.get("content-type")?.startsWith(problemContentType) === true;
    throw errorFromProblem(isProblem ? await response.json() : undefined, response.status);
  }

  /** The common case without the weight of `Request` and `Response`. */
  async #getJson<T>(path: string | URL, init: CallInit): Promise<T> {
    const { options } = this.#client;
    const target = new URL(path, `http://${this.#name}`);
    const answer = await this.#client.call(this.#name, {
      method: "GET",
      path: `${target.pathname}${target.search}`,
      headers: withContext(
        init.headers === undefined ? ["host", this.#name] : flatten(this.#name, new Headers(init.headers)),
      ),
      body: null,
      timeoutMs: init.timeoutMs ?? options.timeoutMs,
      holdBackBytes: options.holdBackBytes,
      signal: init.signal ?? undefined,
    });
    const text = await textOf(answer);
    if (answer.status >= 200 && answer.status < 300) return JSON.parse(text) as T;
    const isProblem = answer.headers["content-type"]?.toString().startsWith(problemContentType) === true;
    throw errorFromProblem(isProblem ? JSON.parse(text) : undefined, answer.status);
  }
}

function flatten(host: string, headers: Headers): string[] {
  const flat = ["host", host];
  for (const [name, value] of headers) if (!notOurs.has(name)) flat.push(name, value);
  return flat;
}

async function textOf(answer: Answer): Promise<string> {
  if (answer.stream === undefined) return String(answer.body ?? "");
  const chunks: Buffer[] = [];
  for await (const chunk of answer.stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

const bodyless: ReadonlySet<number> = new Set([204, 205, 304]);

function toResponse(answer: Answer, method: string): Response {
  const headers = new Headers();
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value === undefined || name === "set-cookie") continue;
    headers.set(name, Array.isArray(value) ? value.join(", ") : value);
  }
  for (const cookie of answer.headers["set-cookie"] ?? []) headers.append("set-cookie", cookie);
  if (bodyless.has(answer.status) || method === "HEAD") {
    answer.stream?.destroy();
    return new Response(null, { status: answer.status, headers });
  }
  const body = answer.stream === undefined ? new Uint8Array(answer.body ?? []) : Readable.toWeb(answer.stream);
  return new Response(body as ConstructorParameters<typeof Response>[0], { status: answer.status, headers });
}
