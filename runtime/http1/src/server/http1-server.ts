import { once } from "node:events";
import { createServer, type ListenOptions, type Server, type Socket } from "node:net";
import type { Clock, Timer } from "@holdfast/kernel";
import { directSocket } from "./direct-socket.ts";
import type { Exchange } from "./exchange.ts";
import { ServerConnection } from "./server-connection.ts";
import { type GivenServerOptions, type ServerOptions, serverOptions } from "./server-options.ts";
import type { Shared } from "./shared.ts";

/** Deadlines are looked at so often; they are that much late at most. */
const beatMs = 250;

/** Requests are handed here. What it throws is a bug and is not caught. */
export type OnRequest = (exchange: Exchange) => void;

/** A server of HTTP/1.1 (and 1.0). Listens itself, or is given connections by a server of TLS. */
export class Http1Server implements Shared {
  readonly options: ServerOptions;
  readonly #server: Server;
  readonly #connections = new Set<ServerConnection>();
  readonly #clock: Clock;
  readonly #onRequest: OnRequest;
  #beat: Timer | undefined;
  #allClosed: (() => void) | undefined;
  #date = "";
  #dateMs = Number.NEGATIVE_INFINITY;
  nowMs: number;
  draining = false;

  /** @throws OptionError */
  constructor(clock: Clock, onRequest: OnRequest, options: GivenServerOptions = {}) {
    this.options = serverOptions(options);
    this.#clock = clock;
    this.#onRequest = onRequest;
    this.nowMs = clock.monotonicMs();
    this.#server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (socket) =>
      this.#take(socket),
    );
  }

  /** How many clients are connected. */
  get connections(): number {
    return this.#connections.size;
  }

  /**
   * Begins to listen; returns the port.
   *
   * @throws what `net.Server.listen` does: EADDRINUSE, EACCES.
   */
  async listen(options: ListenOptions): Promise<number> {
    this.#server.listen({ backlog: 4_096, ...options });
    await once(this.#server, "listening");
    const bound = this.#server.address();
    return typeof bound === "object" && bound !== null ? bound.port : 0;
  }

  /** Takes a connection that was accepted elsewhere: by TLS, or behind the PROXY protocol. */
  accept(socket: Socket): void {
    const connection = this.#connection(socket);
    socket.on("data", (chunk: Buffer) => connection?.read(chunk));
  }

  /** Takes a connection of our own, which has not been read. */
  #take(accepted: Socket): void {
    let connection: ServerConnection | undefined;
    const direct = directSocket(accepted, (bytes) => connection?.read(bytes));
    connection = this.#connection(direct ?? accepted);
    if (direct === undefined) accepted.on("data", (chunk: Buffer) => connection?.read(chunk));
    (direct ?? accepted).resume();
  }

  /** Undefined, and the socket closed, when there are too many. */
  #connection(socket: Socket): ServerConnection | undefined {
    if (this.#connections.size >= this.options.connections) {
      socket.destroy();
      return undefined;
    }
    if (this.#beat === undefined) {
      this.nowMs = this.#clock.monotonicMs();
      this.#beat = this.#clock.every(beatMs, () => this.#look());
    }
    const connection = new ServerConnection(socket, this);
    this.#connections.add(connection);
    return connection;
  }

  /**
   * Accepts no more, and answers what is under way or still comes on open connections, each then ending with its answer.
   * Connections without a request are closed after `idleMs` (250 ms), what is left after `graceMs` (10 s). Resolves when
   * none is left.
   */
  async close({ graceMs = 10_000, idleMs = 250 } = {}): Promise<void> {
    this.draining = true;
    if (this.#server.listening) this.#server.close();
    if (this.#connections.size > 0) {
      const idle = this.#clock.after(Math.min(idleMs, graceMs), () => this.#destroy((one) => one.idle));
      const all = this.#clock.after(graceMs, () => this.#destroy(() => true));
      await new Promise<void>((resolve) => {
        this.#allClosed = resolve;
      });
      idle.cancel();
      all.cancel();
    }
  }

  date(): string {
    const wallMs = this.#clock.wallMs();
    if (Math.abs(wallMs - this.#dateMs) >= 1_000) {
      this.#dateMs = wallMs - (wallMs % 1_000);
      this.#date = new Date(wallMs).toUTCString();
    }
    return this.#date;
  }

  request(exchange: Exchange): void {
    this.#onRequest(exchange);
  }

  closed(connection: ServerConnection): void {
    this.#connections.delete(connection);
    if (this.#connections.size > 0) return;
    this.#beat?.cancel();
    this.#beat = undefined;
    this.#allClosed?.();
  }

  #look(): void {
    this.nowMs = this.#clock.monotonicMs();
    for (const connection of this.#connections) connection.beat(this.nowMs);
  }

  #destroy(which: (connection: ServerConnection) => boolean): void {
    for (const connection of this.#connections) if (which(connection)) connection.destroy();
  }
}
