import { chmodSync, rmSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { UpEvent } from "./events.ts";

export interface UpAnswer {
  readonly pid: number;
  readonly since: string;
  readonly state: "starting" | "ready" | "stopping";
  readonly application: string;
}

/** What other commands may ask of a running supervisor. */
export interface UpCommands {
  answer(): UpAnswer;
  /** Begins to stop; `now` kills instead. */
  stop(now: boolean): void;
}

/** Listens on `run/up.sock`: `GET /v1/up`, and `POST /v1/stop[?now=1]`, which answers with events as lines until all is stopped. */
export class UpSocket {
  readonly #path: string;
  readonly #server: Server;
  readonly #followers = new Set<ServerResponse>();

  constructor(path: string, commands: UpCommands) {
    this.#path = path;
    this.#server = createServer((incoming, response) => {
      const url = new URL(incoming.url ?? "/", "http://holdfast");
      if (incoming.method === "GET" && url.pathname === "/v1/up") {
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify(commands.answer()));
      } else if (incoming.method === "POST" && url.pathname === "/v1/stop") {
        response.setHeader("content-type", "application/x-ndjson");
        response.flushHeaders();
        this.#followers.add(response);
        response.on("close", () => this.#followers.delete(response));
        commands.stop(url.searchParams.get("now") === "1");
      } else {
        response.statusCode = 404;
        response.end();
      }
    });
  }

  /** The lock is held, so a socket file that is there is a dead supervisor's. */
  async listen(): Promise<void> {
    rmSync(this.#path, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#path, () => resolve());
    });
    chmodSync(this.#path, 0o600);
  }

  tell(event: UpEvent): void {
    for (const response of this.#followers) response.write(`${JSON.stringify(event)}\n`);
  }

  async close(): Promise<void> {
    for (const response of this.#followers) response.end();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeIdleConnections();
    });
    rmSync(this.#path, { force: true });
  }
}
