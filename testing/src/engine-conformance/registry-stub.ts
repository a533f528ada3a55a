import { createServer, type IncomingMessage, type Server } from "node:http";

/** A registry as an engine sees it: keeps records and remembers what it was told. */
export class RegistryStub implements AsyncDisposable {
  /** By `service/instance`. */
  readonly records = new Map<string, Record<string, unknown>>();
  /** `PUT catalog/i-1`, `PUT catalog/i-1 status OUT_OF_SERVICE`, `DELETE catalog/i-1`. */
  readonly calls: string[] = [];
  readonly #server: Server;
  url = "";

  constructor() {
    this.#server = createServer((request, response) => {
      void readBody(request).then((body) => {
        const url = new URL(request.url ?? "/", "http://registry");
        const [app = "", id = "", verb = ""] = url.pathname.split("/").slice(4);
        const key = `${app}/${id}`;
        const status = typeof body["status"] === "string" ? body["status"] : "";
        this.calls.push([request.method, key, verb, status].filter((part) => part !== "").join(" "));
        const known = this.records.get(key);
        if (request.method === "PUT" && verb === "") this.records.set(key, body);
        else if (known === undefined) return void response.writeHead(404).end();
        else if (request.method === "GET") return void response.writeHead(200).end(JSON.stringify(known));
        else if (request.method === "DELETE") this.records.delete(key);
        else if (verb === "status") {
          this.records.set(key, { ...known, status });
          return void response.writeHead(200).end(JSON.stringify({ listeners: 0, seen: 0, complete: true }));
        }
        response.writeHead(204).end();
      });
    });
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    const bound = this.#server.address();
    this.url = `http://127.0.0.1:${typeof bound === "object" && bound !== null ? bound.port : 0}`;
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text === "" ? {} : JSON.parse(text);
}
