import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { type Clock, type Log, messageOf } from "@holdfast/kernel";
import type { Counter } from "../meters/counter.ts";
import type { MeterRegistry } from "../registry/meter-registry.ts";
import { LineMeters } from "./line-meters.ts";

export interface SpectatordReceiverOptions {
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** UDP; 0 for any. Default 1234. */
  readonly port?: number;
  /**
   * Of a Unix STREAM socket, lines ended by a newline. Default none. (spectatord's is a datagram socket; Node has none, and a
   * client that writes to one as a stream needs this one.)
   */
  readonly path?: string;
  /** More lines are dropped and counted. Default 200 000 a second. */
  readonly linesPerSecond?: number;
}

/** Of one line that has no end yet on a stream; who sends a longer one is cut off. */
const lineBytesMax = 64 * 1024;
const connectionsMax = 100;

/**
 * Takes meters from programs in any language by spectatord's line protocol, over UDP and a Unix socket, into a registry.
 * Counts `spectatord.parsedCount`, `spectatord.parseErrors` and `spectatord.dropped`; of lines that are none, the first is
 * logged, then one a minute at most.
 */
export class SpectatordReceiver {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #lines: LineMeters;
  readonly #parsed: Counter;
  readonly #errors: Counter;
  readonly #dropped: Counter;
  readonly #options: SpectatordReceiverOptions;
  readonly #perSecond: number;
  readonly #connections = new Set<Socket>();
  #udp: UdpSocket | undefined;
  #streams: Server | undefined;
  #left: number;
  #filledAtMs: number;
  #complainedAtMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, log: Log, meters: MeterRegistry, options: SpectatordReceiverOptions = {}) {
    this.#clock = clock;
    this.#log = log;
    this.#options = options;
    this.#lines = new LineMeters(clock, meters);
    this.#parsed = meters.counter("spectatord.parsedCount");
    this.#errors = meters.counter("spectatord.parseErrors");
    this.#dropped = meters.counter("spectatord.dropped");
    this.#perSecond = options.linesPerSecond ?? 200_000;
    this.#left = this.#perSecond;
    this.#filledAtMs = clock.monotonicMs();
  }

  /**
   * Gives the UDP port. Does not keep the process alive.
   *
   * @throws what binding throws (EADDRINUSE, EACCES …); nothing is left open then.
   */
  async start(): Promise<number> {
    const { host = "127.0.0.1", port = 1234, path } = this.#options;
    const udp = createSocket(host.includes(":") ? "udp6" : "udp4");
    this.#udp = udp;
    try {
      await new Promise<void>((resolve, reject) => {
        udp.once("error", reject);
        udp.bind(port, host, resolve);
      });
      udp.removeAllListeners("error");
      udp.on("error", (error) => this.#log.warn("spectatord.receiver.failed", { reason: messageOf(error) }));
      udp.on("message", (message) => this.takeBatch(message.toString("utf8")));
      udp.unref();
      if (path !== undefined) await this.#listen(path);
      return udp.address().port;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Ends at once; lines that were received are counted. */
  async close(): Promise<void> {
    const { path } = this.#options;
    const [udp, streams] = [this.#udp, this.#streams];
    this.#udp = undefined;
    this.#streams = undefined;
    for (const connection of this.#connections) connection.destroy();
    await new Promise<void>((resolve) => (udp === undefined ? resolve() : udp.close(resolve)));
    await new Promise<void>((resolve) => (streams === undefined ? resolve() : void streams.close(() => resolve())));
    if (streams !== undefined && path !== undefined) rmSync(path, { force: true });
    this.#lines.close();
  }

  /** Lines ended by newlines, the last one also by the end. */
  takeBatch(text: string): void {
    let from = 0;
    while (from < text.length) {
      const newline = text.indexOf("\n", from);
      const to = newline < 0 ? text.length : newline;
      if (to > from) this.#take(text.slice(from, to));
      from = to + 1;
    }
  }

  #take(line: string): void {
    if (this.#left <= 0) this.#refill();
    if (this.#left <= 0) return this.#dropped.increment();
    this.#left -= 1;
    const refusal = this.#lines.take(line);
    if (refusal === undefined) return this.#parsed.increment();
    this.#errors.increment();
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#complainedAtMs < 60_000) return;
    this.#complainedAtMs = nowMs;
    this.#log.warn("spectatord.line.malformed", { line: line.slice(0, 200), reason: refusal });
  }

  /** Asks for the time only when the lines of a second are used up. */
  #refill(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#filledAtMs < 1_000) return;
    this.#filledAtMs = nowMs;
    this.#left = this.#perSecond;
  }

  #listen(path: string): Promise<void> {
    const server = createServer((connection) => this.#serve(connection));
    server.maxConnections = connectionsMax;
    this.#streams = server;
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, () => {
        server.off("error", reject);
        server.unref();
        resolve();
      });
    });
  }

  #serve(connection: Socket): void {
    let rest = "";
    this.#connections.add(connection);
    connection.unref();
    connection.setEncoding("utf8");
    connection.on("data", (chunk: string) => {
      const text = rest + chunk;
      const end = text.lastIndexOf("\n") + 1;
      rest = text.slice(end);
      this.takeBatch(text.slice(0, end));
      if (rest.length <= lineBytesMax) return;
      rest = "";
      this.#errors.increment();
      connection.destroy();
    });
    connection.on("error", () => {});
    connection.on("close", () => {
      this.#connections.delete(connection);
      this.takeBatch(rest);
    });
  }
}
