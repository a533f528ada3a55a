import { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";

/** What a registry's handler is called with: a request as Node gives it, its body already here. */
export class SimRequest extends EventEmitter {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly rawHeaders: readonly string[];
  readonly complete = true;
  readonly socket = { remoteAddress: "127.0.0.1" };

  constructor(method: string, url: string, headers: Readonly<Record<string, string>>) {
    super();
    this.method = method;
    this.url = url;
    this.headers = headers;
    this.rawHeaders = Object.entries(headers).flat();
  }

  get message(): IncomingMessage {
    return this as unknown as IncomingMessage;
  }

  pause(): this {
    return this;
  }

  resume(): this {
    return this;
  }

  /** The body comes, and ends. */
  deliver(body: string | undefined): void {
    if (body !== undefined && body !== "") this.emit("data", Buffer.from(body, "utf8"));
    this.emit("end");
  }
}

/** Where a response is written to. */
export interface ResponseSink {
  head(status: number, contentType: string): void;
  /** `waiting` characters are written and not read yet once this is. */
  text(text: string): void;
  /** `whole`: the response ended as it should. */
  end(whole: boolean): void;
}

/** What a registry's handler writes its answer into. */
export class SimResponse extends EventEmitter {
  readonly #sink: ResponseSink;
  readonly #headers = new Map<string, string>();
  statusCode = 200;
  headersSent = false;
  destroyed = false;
  writableEnded = false;
  /** Written and not read yet. */
  writableLength = 0;

  constructor(sink: ResponseSink) {
    super();
    this.#sink = sink;
  }

  get response(): ServerResponse {
    return this as unknown as ServerResponse;
  }

  setHeader(name: string, value: unknown): this {
    this.#headers.set(name.toLowerCase(), String(value));
    return this;
  }

  getHeader(name: string): string | undefined {
    return this.#headers.get(name.toLowerCase());
  }

  writeHead(status: number, headers: Readonly<Record<string, unknown>> = {}): this {
    this.statusCode = status;
    for (const [name, value] of Object.entries(headers)) this.setHeader(name, value);
    this.#sendHead();
    return this;
  }

  write(chunk: string | Uint8Array): boolean {
    if (this.destroyed || this.writableEnded) return false;
    this.#sendHead();
    const text = typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8");
    this.writableLength += text.length;
    this.#sink.text(text);
    return this.writableLength < 16_384;
  }

  end(chunk?: string | Uint8Array): this {
    if (this.destroyed || this.writableEnded) return this;
    if (chunk !== undefined) this.write(chunk);
    this.#sendHead();
    this.writableEnded = true;
    this.#sink.end(true);
    return this;
  }

  destroy(): this {
    if (this.destroyed) return this;
    this.destroyed = true;
    this.#sink.end(false);
    queueMicrotask(() => this.emit("close"));
    return this;
  }

  cork(): void {}
  uncork(): void {}

  /** The other side has read so much. */
  drained(length: number): void {
    const wasFull = this.writableLength >= 16_384;
    this.writableLength -= length;
    if (wasFull && this.writableLength < 16_384) this.emit("drain");
  }

  #sendHead(): void {
    if (this.headersSent) return;
    this.headersSent = true;
    this.#sink.head(this.statusCode, this.getHeader("content-type") ?? "");
  }
}
