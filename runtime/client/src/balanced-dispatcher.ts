import { Readable } from "node:stream";
import type { Dispatcher as Undici } from "undici";
import Agent from "undici/lib/dispatcher/agent.js";
import Dispatcher from "undici/lib/dispatcher/dispatcher.js";
import type { BalancedClient } from "./balanced-client.ts";
import { withContext } from "./context-headers.ts";
import type { Answer } from "./try.ts";

/**
 * An undici Dispatcher: requests to `http://<service>/…` are balanced calls; requests to other origins pass
 * through. A name is a service when it is registered, or could only be one (no dot, no port, not localhost).
 */
export class BalancedDispatcher extends Dispatcher {
  readonly #client: BalancedClient;
  #others: Agent | undefined;

  constructor(client: BalancedClient) {
    super();
    this.#client = client;
  }

  override dispatch(options: Undici.DispatchOptions, handler: Undici.DispatchHandler): boolean {
    const origin = new URL(String(options.origin));
    const isName = !origin.hostname.includes(".") && !origin.hostname.includes(":") && origin.hostname !== "localhost";
    if (origin.port !== "" || origin.protocol !== "http:" || !(isName || this.#client.knows(origin.hostname))) {
      this.#others ??= new Agent();
      return this.#others.dispatch(options, handler);
    }
    void this.#run(origin.hostname, options, handler);
    return true;
  }

  override async close(): Promise<void> {
    await this.#others?.close();
  }

  override async destroy(): Promise<void> {
    await this.#others?.destroy();
  }

  async #run(app: string, options: Undici.DispatchOptions, handler: Undici.DispatchHandler): Promise<void> {
    const controller = new CallController();
    try {
      handler.onRequestStart?.(controller, {});
      const answer = await this.#client.call(app, {
        method: options.method,
        path: options.path,
        headers: withContext(flatten(app, options.headers)),
        body: await toBody(options.body, this.#client.options.replayBytes),
        timeoutMs: this.#client.options.timeoutMs,
        holdBackBytes: this.#client.options.holdBackBytes,
        signal: controller.signal,
      });
      await deliver(answer, handler, controller);
    } catch (error) {
      handler.onResponseError?.(controller, error instanceof Error ? error : new Error(String(error)));
    }
  }
}

class CallController implements Undici.DispatchController {
  readonly #abort = new AbortController();
  #paused = false;
  #resumed: (() => void) | undefined;
  rawHeaders: Buffer[] = [];

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get aborted(): boolean {
    return this.#abort.signal.aborted;
  }

  get reason(): Error | null {
    return this.#abort.signal.reason ?? null;
  }

  get paused(): boolean {
    return this.#paused;
  }

  abort(reason: Error): void {
    this.#abort.abort(reason);
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
  flowing(): Promise<void> | undefined {
    if (!this.#paused) return undefined;
    return new Promise((resolve) => {
      this.#resumed = resolve;
    });
  }
}

async function deliver(answer: Answer, handler: Undici.DispatchHandler, controller: CallController): Promise<void> {
  controller.rawHeaders = answer.rawHeaders.slice();
  handler.onResponseStart?.(controller, answer.status, answer.headers, "");
  if (answer.body !== undefined && answer.body.length > 0) {
    await controller.flowing();
    handler.onResponseData?.(controller, answer.body);
  }
  for await (const chunk of answer.stream ?? []) {
    await controller.flowing();
    if (controller.aborted) throw controller.reason ?? new Error("aborted");
    handler.onResponseData?.(controller, chunk);
  }
  await controller.flowing();
  handler.onResponseEnd?.(controller, {});
}

function flatten(app: string, headers: Undici.DispatchOptions["headers"]): string[] {
  const flat = ["host", app];
  const add = (name: string, value: unknown): void => {
    const lower = name.toLowerCase();
    if (lower === "host" || lower === "connection" || lower === "content-length" || value === undefined) return;
    for (const one of Array.isArray(value) ? value : [value]) flat.push(lower, String(one));
  };
  if (headers === undefined || headers === null) return flat;
  if (Array.isArray(headers) && typeof headers[0] === "string") {
    for (let i = 0; i < headers.length; i += 2) add(String(headers[i]), headers[i + 1]);
  } else if (Symbol.iterator in headers) {
    for (const [name, value] of headers as Iterable<[string, unknown]>) add(name, value);
  } else {
    for (const [name, value] of Object.entries(headers)) add(name, value);
  }
  return flat;
}

/** Small enough bodies are kept whole, so that they can be sent a second time. */
async function toBody(body: Undici.DispatchOptions["body"], replayBytes: number): Promise<Buffer | Readable | null> {
  if (body === undefined || body === null) return null;
  if (typeof body === "string") return Buffer.from(body);
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (body instanceof Readable || Symbol.asyncIterator in body) {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const rest = (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) {
      chunks.push(Buffer.from(next.value));
      bytes += next.value.byteLength;
      if (bytes > replayBytes) return Readable.from(after(chunks, rest), { objectMode: false });
    }
    return Buffer.concat(chunks);
  }
  return Buffer.from(await new Response(body as ConstructorParameters<typeof Response>[0]).arrayBuffer());
}

async function* after(first: readonly Buffer[], rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* first;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}
