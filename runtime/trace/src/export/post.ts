import type { Socket } from "node:net";
import type { buildConnector as Build, Dispatcher } from "undici";
import buildConnector from "undici/lib/core/connect.js";
import Client from "undici/lib/dispatcher/client.js";

export interface PostAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly contentType: string;
  /** At most 64 KiB of it. */
  readonly body: Buffer;
}

/** Sends a body to the place it is made for. */
export interface Post {
  /** @throws what the connection throws, and an Error when there is no answer within `timeoutMs`. */
  send(body: Uint8Array, headers: Readonly<Record<string, string>>, timeoutMs: number): Promise<PostAnswer>;
  close(): void;
}

const answerBytesMax = 64 * 1024;
const connectMs = 2_000;
const connect = buildConnector({ timeout: connectMs });

/**
 * Over one kept connection, which never keeps the process alive. Not by `node:http`: requests share its code with the
 * answers of a server, and engines make code of two uses slower (20 % of a busy server's processor time, measured).
 */
export function postTo(url: URL): Post {
  const client = new Client(url.origin, { connect: quietly, pipelining: 1 });
  const path = `${url.pathname}${url.search}`;
  return {
    send: (body, headers, timeoutMs) =>
      new Promise((resolve, reject) => {
        const timeouts = { headersTimeout: timeoutMs, bodyTimeout: timeoutMs };
        client.dispatch({ path, method: "POST", headers, body, ...timeouts }, new Answer(resolve, reject));
      }),
    close: () => void client.destroy().catch(() => {}),
  };
}

/** Connections that do not keep the process alive, not even while something is sent. */
function quietly(options: Build.Options, callback: Build.Callback): void {
  connect(options, (...result) => {
    // Called with the error alone when there is no connection, whatever its type says.
    const socket: Socket | null | undefined = result[1];
    if (socket !== null && socket !== undefined) {
      socket.unref();
      // undici would for each request.
      socket.ref = () => socket;
    }
    callback(...result);
  });
}

/** Gathers what comes back. */
class Answer implements Dispatcher.DispatchHandler {
  readonly #resolve: (answer: PostAnswer) => void;
  readonly #reject: (error: Error) => void;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #status = 0;
  #headers: Record<string, string | string[] | undefined> = {};

  constructor(resolve: (answer: PostAnswer) => void, reject: (error: Error) => void) {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  onRequestStart(): void {}

  onResponseStart(_: unknown, status: number, headers: Record<string, string | string[] | undefined>): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes <= answerBytesMax) this.#chunks.push(chunk);
    else controller.abort(new Error(`the answer is longer than ${answerBytesMax} bytes`));
  }

  onResponseEnd(): void {
    this.#resolve({
      status: this.#status,
      retryAfter: one(this.#headers["retry-after"]),
      contentType: one(this.#headers["content-type"]) ?? "",
      body: Buffer.concat(this.#chunks),
    });
  }

  onResponseError(_: unknown, error: Error): void {
    this.#reject(error);
  }
}

function one(header: string | string[] | undefined): string | undefined {
  return typeof header === "object" ? header[0] : header;
}
