import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { join } from "node:path";
import { temporaryDirectory } from "@holdfast/testing";

export interface Asked {
  readonly method: string;
  /** Without the version. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: string;
}

/** Answers on a Unix socket as a test says. */
export class FakeDocker implements AsyncDisposable {
  readonly asked: Asked[] = [];
  readonly socket: string;
  readonly #directory = temporaryDirectory("docker");
  readonly #server: Server;

  constructor(answer: (asked: Asked, response: ServerResponse) => void) {
    this.socket = join(this.#directory.path, "d.sock");
    this.#server = createServer((request, response) => {
      const answerTo = (body: string): void => {
        const url = new URL(request.url ?? "/", "http://docker");
        const path = url.pathname.replace("/v1.41", "");
        const asked = { method: request.method ?? "", path, query: url.searchParams, body };
        this.asked.push(asked);
        answer(asked, response);
      };
      // It fails when who asked has gone away in the middle of it.
      void readAll(request).then(answerTo, () => {});
    });
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(this.socket, resolve));
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    this.#directory[Symbol.dispose]();
  }
}

export function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

async function readAll(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}
