import { Readable } from "node:stream";
import type { Dispatcher as Undici } from "undici";
import Agent from "undici/lib/dispatcher/agent.js";
import Dispatcher from "undici/lib/dispatcher/dispatcher.js";
import type { BalancedClient } from "./balanced-client.ts";
import type { Call } from "./call.ts";
import { withContext } from "./context-headers.ts";
import type { Answer } from "./try.ts";

/**
 * An undici Dispatcher: requests to `http://<service>/…` are balanced calls; requests to other origins pass
 * through. A name is a service when it is registered, or could only be one (no dot, no port, not localhost).
 */
export class BalancedDispatcher extends Dispatcher {
  readonly #client: BalancedClient;
  /** The service of an origin that was asked for; null: it is none. */
  readonly #services = new Map<string, string | null>();
  #others: Agent | undefined;

  constructor(client: BalancedClient) {
    super();
    this.#client = client;
  }

  override dispatch(options: Undici.DispatchOptions, handler: Undici.DispatchHandler): boolean {
    const app = this.#serviceOf(String(options.origin));
    if (app === null) {
      this.#others ??= new Agent();
      return this.#others.dispatch(options, handler);
    }
    const controller = new CallController();
    handler.onRequestStart?.(controller, {});
    const body = toBody(options.body, this.#client.options.replayBytes);
    if (body instanceof Promise) {
      void body.then(
        (read) => this.#call(app, options, read, handler, controller),
        (error: unknown) => tell(handler, controller, error),
      );
    } else this.#call(app, options, body, handler, controller);
    return true;
  }

  override async close(): Promise<void> {
    await this.#others?.close();
  }

  override async destroy(): Promise<void> {
    await this.#others?.destroy();
  }

  #serviceOf(origin: string): string | null {
    const known = this.#services.get(origin);
    if (known !== undefined) return known;
    const url = new URL(origin);
    const isName = !url.hostname.includes(".") && !url.hostname.includes(":") && url.hostname !== "localhost";
    const isPlain = url.port === "" && url.protocol === "http:";
    const app = isPlain && (isName || this.#client.knows(url.hostname)) ? url.hostname : null;
    // A name with a dot may be registered later.
    const mayChange = app === null && isPlain;
    if (!mayChange && this.#services.size < originsMax) this.#services.set(origin, app);
    return app;
  }

  #call(
    app: string,
    options: Undici.DispatchOptions,
    body: Buffer | Readable | null,
    handler: Undici.DispatchHandler,
    controller: CallController,
  ): void {
    const request = {
      method: options.method,
      path: options.path,
      headers: withContext(flatten(app, options.headers)),
      body,
      holdBackBytes: this.#client.options.holdBackBytes,
    };
    this.#client
      .call(app, request, (call) => controller.follow(call))
      .then(
        (answer) => deliverOrTell(answer, handler, controller),
        (error: unknown) => tell(handler, controller, error),
      );
  }
}

/** So many names are remembered. */
const originsMax = 1_000;

class CallController implements Undici.DispatchController {
  #call: Call | undefined;
  #reason: Error | null = null;
  #paused = false;
  #resumed: (() => void) | undefined;
  rawHeaders: Buffer[] = [];

  get aborted(): boolean {
    return this.#reason !== null;
  }

  get reason(): Error | null {
    return this.#reason;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** The call it speaks for has begun. */
  follow(call: Call): void {
    this.#call = call;
    if (this.#reason !== null) call.abort(this.#reason);
  }

  abort(reason: Error): void {
    this.#reason = reason;
    this.#call?.abort(reason);
    this.resume();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#resumed?.();
  }

  /** Resolves when the reader wants more. */
  flowing(): Promise<void> {
    return new Promise((resolve) => {
      this.#resumed = resolve;
    });
  }
}

function tell(handler: Undici.DispatchHandler, controller: CallController, error: unknown): void {
  handler.onResponseError?.(controller, error instanceof Error ? error : new Error(String(error)));
}

function deliverOrTell(answer: Answer, handler: Undici.DispatchHandler, controller: CallController): void {
  try {
    const delivering = deliver(answer, handler, controller);
    if (delivering !== undefined) delivering.catch((error: unknown) => tell(handler, controller, error));
  } catch (error) {
    tell(handler, controller, error);
  }
}

/** A promise only where the answer is a stream, or its reader needs time. */
function deliver(
  answer: Answer,
  handler: Undici.DispatchHandler,
  controller: CallController,
): Promise<void> | undefined {
  controller.rawHeaders = answer.rawHeaders as Buffer[];
  handler.onResponseStart?.(controller, answer.status, answer.headers, "");
  const { body, stream } = answer;
  if (stream !== undefined || controller.paused) return deliverSlowly(answer, handler, controller);
  if (controller.aborted) throw controller.reason ?? new Error("aborted");
  if (body !== undefined && body.length > 0) handler.onResponseData?.(controller, body);
  if (controller.paused) return controller.flowing().then(() => handler.onResponseEnd?.(controller, {}));
  handler.onResponseEnd?.(controller, {});
  return undefined;
}

async function deliverSlowly(
  { body, stream }: Answer,
  handler: Undici.DispatchHandler,
  controller: CallController,
): Promise<void> {
  if (body !== undefined && body.length > 0) {
    if (controller.paused) await controller.flowing();
    handler.onResponseData?.(controller, body);
  }
  for await (const chunk of stream ?? []) {
    if (controller.paused) await controller.flowing();
    if (controller.aborted) throw controller.reason ?? new Error("aborted");
    handler.onResponseData?.(controller, chunk);
  }
  if (controller.paused) await controller.flowing();
  handler.onResponseEnd?.(controller, {});
}

function flatten(app: string, headers: Undici.DispatchOptions["headers"]): string[] {
  const flat = ["host", app];
  if (headers === undefined || headers === null) return flat;
  const add = (name: string, value: unknown): void => {
    const lower = name.toLowerCase();
    if (lower === "host" || lower === "connection" || lower === "content-length" || value === undefined) return;
    for (const one of Array.isArray(value) ? value : [value]) flat.push(lower, String(one));
  };
  if (Array.isArray(headers) && typeof headers[0] === "string") {
    for (let i = 0; i < headers.length; i += 2) add(String(headers[i]), headers[i + 1]);
  } else if (Symbol.iterator in headers) {
    for (const [name, value] of headers as Iterable<[string, unknown]>) add(name, value);
  } else {
    for (const [name, value] of Object.entries(headers)) add(name, value);
  }
  return flat;
}

/** Small enough bodies are kept whole, so that they can be sent a second time. A promise only where one must wait. */
function toBody(
  body: Undici.DispatchOptions["body"],
  replayBytes: number,
): Buffer | Readable | null | Promise<Buffer | Readable> {
  if (body === undefined || body === null) return null;
  if (typeof body === "string") return Buffer.from(body);
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (body instanceof Readable || Symbol.asyncIterator in body) {
    return readUpTo(body as AsyncIterable<Uint8Array>, replayBytes);
  }
  return new Response(body as ConstructorParameters<typeof Response>[0])
    .arrayBuffer()
    .then((bytes) => Buffer.from(bytes));
}

async function readUpTo(body: AsyncIterable<Uint8Array>, replayBytes: number): Promise<Buffer | Readable> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const rest = body[Symbol.asyncIterator]();
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) {
    chunks.push(Buffer.from(next.value));
    bytes += next.value.byteLength;
    if (bytes > replayBytes) return Readable.from(after(chunks, rest), { objectMode: false });
  }
  return Buffer.concat(chunks);
}

async function* after(first: readonly Buffer[], rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* first;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}
