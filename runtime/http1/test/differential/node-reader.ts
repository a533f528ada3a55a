import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { MemorySocket } from "./memory-socket.ts";
import type { Message, Reading } from "./message.ts";

/** The server of `node:http`, in its strict default, given the bytes of one connection. */
export class NodeReader {
  #messages: Message[] = [];
  #refused = false;
  readonly #server = createServer({ joinDuplicateHeaders: false }, (req, res) => this.#take(req, res));

  constructor() {
    // Not destroyed: what came whole before is still handed out.
    this.#server.on("clientError", () => {
      this.#refused = true;
    });
  }

  async read(bytes: Buffer): Promise<Reading> {
    this.#messages = [];
    this.#refused = false;
    const socket = new MemorySocket();
    socket.on("error", () => undefined);
    this.#server.emit("connection", socket);
    socket.push(bytes);
    // Requests sent ahead are read as the answers before them go out.
    for (let turns = 0, before = -1; turns < 3 || before !== socket.written.length; turns++) {
      before = socket.written.length;
      await new Promise(setImmediate);
    }
    const messages = this.#messages;
    socket.destroy();
    await new Promise(setImmediate);
    return { messages, refused: this.#refused };
  }

  #take(req: IncomingMessage, res: ServerResponse): void {
    const messages = this.#messages;
    let body = "";
    req.setEncoding("latin1");
    req.on("data", (piece: string) => {
      body += piece;
    });
    req.on("error", () => undefined);
    req.on("end", () => {
      messages.push({
        method: req.method ?? "",
        target: pathOf(req.url ?? ""),
        minor: req.httpVersionMinor,
        fields: pairs(req.rawHeaders),
        body,
        trailers: pairs(req.rawTrailers),
      });
      res.end();
    });
  }
}

/** `http://host/path` as we hand it out. */
function pathOf(url: string): string {
  const [, path] = /^https?:\/\/[^/?]+(.*)$/i.exec(url) ?? [];
  if (path === undefined) return url;
  return path.startsWith("/") ? path : `/${path}`;
}

function pairs(raw: readonly string[]): [string, string][] {
  const out: [string, string][] = [];
  for (let at = 0; at < raw.length; at += 2) out.push([(raw[at] ?? "").toLowerCase(), raw[at + 1] ?? ""]);
  return out;
}
