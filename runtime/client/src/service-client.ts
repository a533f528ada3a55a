import { Readable } from "node:stream";
import { messageOf } from "@holdfast/kernel";
import { type AttemptReport, errorFromProblem, problemContentType } from "@holdfast/wire";
import type { BalancedClient } from "./balanced-client.ts";
import type { CallRequest } from "./call.ts";
import { withContext } from "./context-headers.ts";
import { AnswerUnfitError } from "./errors.ts";
import type { Fallback } from "./service-command.ts";
import type { Answer } from "./try.ts";

export interface CallInit extends RequestInit {
  /** The whole time for this call in ms. Default: the client's `timeoutMs`, or what `hystrix.command.<service>.…` says. */
  readonly timeoutMs?: number;
  /** Key of the command (circuit, limits, counters) it goes through. Default: the service's name. */
  readonly command?: string;
  /** Calls with the same key go to the same server while it is there; for the picker `consistent-hash`. */
  readonly hashKey?: string;
  /** The instance that is to answer if it can: the one that answered before; for the picker `sticky`. */
  readonly stickyTo?: string;
  /** Told what was tried, in order, when the call has ended. */
  readonly onAttempts?: (attempts: readonly AttemptReport[]) => void;
}

/** What answers instead when the call fails, when the answer is a 5xx, or when the circuit is open. */
export interface FetchInit extends CallInit {
  readonly fallback?: Fallback<Response>;
}

export interface JsonInit<T> extends CallInit {
  readonly fallback?: Fallback<T>;
}

/** Calls one service by its name. Each call is a command: `hystrix.command.<service>.…` governs it. */
export interface ServiceClient {
  /** As global `fetch`, with the origin left out: `fetch("/titles?limit=5")`. */
  fetch(path: string | URL | Request, init?: FetchInit): Promise<Response>;
  /**
   * Fetches and parses JSON.
   *
   * @throws the error a problem+json answer carries, or `HTTP_ERROR`, when the status is not 2xx; AnswerUnfitError for what is
   * no JSON.
   */
  json<T>(path: string | URL, init?: JsonInit<T>): Promise<T>;
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

  async fetch(path: string | URL | Request, init: FetchInit = {}): Promise<Response> {
    const given = path instanceof Request ? path : new URL(path, `http://${this.#name}`);
    const isPlain = given instanceof URL && (init.body === undefined || init.body === null);
    const request = isPlain ? undefined : new Request(given, init);
    const method = (request?.method ?? init.method ?? "GET").toUpperCase();
    const target = given instanceof URL ? given : new URL(given.url);
    const body = request?.body === undefined || request.body === null ? null : Buffer.from(await request.arrayBuffer());
    const headers = flatten(this.#name, request?.headers ?? new Headers(init.headers));
    const signal = init.signal ?? (path instanceof Request ? path.signal : undefined);
    const call = this.#request(method, pathOf(target), headers, body, signal, init);
    if (init.fallback === undefined) return toResponse(await this.#client.call(this.#name, call), method);
    const result = await this.#client.callOr(this.#name, call, init.fallback);
    return result instanceof Response ? result : toResponse(result, method);
  }

  json<T>(path: string | URL, init: JsonInit<T> = {}): Promise<T> {
    if (init.method !== undefined || init.body !== undefined) return this.#jsonOf(path, init);
    try {
      return this.#getJson(path, init);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The common case without the weight of `Request` and `Response`. */
  #getJson<T>(path: string | URL, init: JsonInit<T>): Promise<T> {
    const { fallback } = init;
    const target = typeof path === "string" && isPlainPath(path) ? path : pathOf(new URL(path, `http://${this.#name}`));
    const headers = init.headers === undefined ? ["host", this.#name] : flatten(this.#name, new Headers(init.headers));
    const request = this.#request("GET", target, headers, null, init.signal ?? undefined, init);
    if (fallback === undefined) return this.#client.call(this.#name, request).then(parsed<T>);
    return this.#client
      .callOr(this.#name, request, fallenTo(fallback))
      .then((result) => (result instanceof Instead ? result.value : parsed<T>(result)));
  }

  /** With a method or a body of its own. */
  async #jsonOf<T>(path: string | URL, { fallback, ...init }: JsonInit<T>): Promise<T> {
    let instead: Instead<T> | undefined;
    const response = await this.fetch(path, {
      ...init,
      ...(fallback === undefined
        ? {}
        : {
            fallback: async (error) => {
              instead = new Instead(await fallback(error));
              return new Response();
            },
          }),
    });
    if (instead !== undefined) return instead.value;
    const text = await response.text();
    if (response.ok) return readJson(text, response.status) as T;
    const isProblem = response.headers.get("content-type")?.startsWith(problemContentType) === true;
    throw errorFromProblem(isProblem ? readJson(text, response.status) : undefined, response.status);
  }

  #request(
    method: string,
    path: string,
    headers: string[],
    body: Buffer | null,
    signal: AbortSignal | undefined,
    { timeoutMs, command, hashKey, stickyTo, onAttempts }: CallInit,
  ): CallRequest {
    return {
      method,
      path,
      headers: withContext(headers),
      body,
      timeoutMs,
      holdBackBytes: this.#client.options.holdBackBytes,
      signal,
      command,
      hashKey,
      stickyTo,
      onAttempts,
    };
  }
}

/** What a fallback gave, told from an answer. */
class Instead<T> {
  readonly value: T;

  constructor(value: T) {
    this.value = value;
  }
}

function fallenTo<T>(fallback: Fallback<T>): Fallback<Instead<T>> {
  return async (error) => new Instead(await fallback(error));
}

/** What can go out as it is: `URL` would not change it. */
const plainPath = /^\/(?!\/)[\w~!$&'()*+,;=:@%/?.-]*$/;

function isPlainPath(path: string): boolean {
  return plainPath.test(path) && !path.includes("/.");
}

function pathOf(url: URL): string {
  return url.pathname + url.search;
}

/** A promise only where the answer is a stream. */
function parsed<T>(answer: Answer): T | Promise<T> {
  const { body, stream } = answer;
  if (stream !== undefined) return textOf(stream).then((text) => fromText<T>(answer, text));
  return fromText(answer, body === undefined ? "" : body.toString());
}

function fromText<T>(answer: Answer, text: string): T {
  if (answer.status >= 200 && answer.status < 300) return readJson(text, answer.status) as T;
  const isProblem = answer.headers["content-type"]?.toString().startsWith(problemContentType) === true;
  throw errorFromProblem(isProblem ? readJson(text, answer.status) : undefined, answer.status);
}

function readJson(text: string, status: number): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new AnswerUnfitError(`the answer (status ${status}) is no JSON: ${messageOf(error)}`, error);
  }
}

function flatten(host: string, headers: Headers): string[] {
  const flat = ["host", host];
  for (const [name, value] of headers) if (!notOurs.has(name)) flat.push(name, value);
  return flat;
}

async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
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
