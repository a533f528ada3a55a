import { rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Outage } from "./engine-world.ts";

/** Stands before a Unix socket, and can be as deaf as one whose owner has gone, counting who tries. */
export class SocketProxy implements AsyncDisposable {
  readonly path: string;
  readonly #target: string;
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  #deaf = false;
  #attempts = 0;

  constructor(path: string, target: string) {
    this.path = path;
    this.#target = target;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  async start(): Promise<this> {
    rmSync(this.path, { force: true });
    await new Promise<void>((resolve) => this.#server.listen(this.path, resolve));
    return this;
  }

  /** Connections tried since it is deaf. */
  get attempts(): number {
    return this.#attempts;
  }

  /** Breaks all connections and every new one, until the outage ends. */
  lose(): Promise<Outage> {
    this.#deaf = true;
    this.#attempts = 0;
    for (const socket of this.#open) socket.destroy();
    const end = (): Promise<void> => {
      this.#deaf = false;
      return Promise.resolve();
    };
    return Promise.resolve({ end });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(socket: Socket): void {
    socket.on("error", () => {});
    if (this.#deaf) {
      this.#attempts += 1;
      return void socket.destroy();
    }
    const other = connect(this.#target);
    for (const one of [socket, other]) {
      this.#open.add(one);
      one.on("error", () => {});
      one.once("close", () => {
        this.#open.delete(one);
        socket.destroy();
        other.destroy();
      });
    }
    socket.pipe(other).pipe(socket);
  }
}
