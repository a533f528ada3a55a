import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { connect, type Socket } from "node:net";
import type { Clock, Timer } from "@holdfast/kernel";

export type SpectatordTarget = { readonly host: string; readonly port: number } | { readonly path: string };

export interface SpectatordSenderOptions {
  /** Lines wait until there are so many bytes of them. Default 1 400, which is a packet; up to 60 000 for loopback. */
  readonly bufferBytes?: number;
  /** … or until the first has waited so long. Default 1 000 ms. */
  readonly flushMs?: number;
}

/** What a receiver does not take is dropped from here on: metrics never fill the memory of what they measure. */
const waitingBytesMax = 1024 * 1024;
const reconnectMs = 1_000;

/** Sends lines to a spectatord or a sidecar. Never throws and never waits; what cannot be sent is counted in {@link dropped}. */
export class SpectatordSender {
  readonly #clock: Clock;
  readonly #target: SpectatordTarget;
  readonly #bufferBytes: number;
  readonly #flushMs: number;
  #buffer = "";
  #timer: Timer | undefined;
  #udp: UdpSocket | undefined;
  #stream: Socket | undefined;
  #triedAtMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;
  #dropped = 0;

  constructor(clock: Clock, target: SpectatordTarget, options: SpectatordSenderOptions = {}) {
    this.#clock = clock;
    this.#target = target;
    this.#bufferBytes = options.bufferBytes ?? 1_400;
    this.#flushMs = options.flushMs ?? 1_000;
  }

  /** Lines that were not sent. */
  get dropped(): number {
    return this.#dropped;
  }

  /** One line of `spectatordLine`, without its end. */
  send(line: string): void {
    if (this.#isClosed) {
      this.#dropped += 1;
      return;
    }
    if (this.#buffer.length + line.length >= this.#bufferBytes) this.flush();
    this.#buffer += this.#buffer === "" ? line : `\n${line}`;
    this.#timer ??= this.#clock.after(this.#flushMs, () => this.flush());
  }

  /** Sends what waits now. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const text = this.#buffer;
    if (text === "") return;
    this.#buffer = "";
    if ("path" in this.#target) this.#write(text, this.#target.path);
    else this.#datagram(text, this.#target);
  }

  /** Sends what waits and ends. */
  async close(): Promise<void> {
    this.flush();
    this.#isClosed = true;
    const [udp, stream] = [this.#udp, this.#stream];
    if (udp !== undefined) await new Promise<void>((resolve) => void udp.close(resolve));
    if (stream === undefined || stream.destroyed) return;
    await new Promise<void>((resolve) => {
      stream.once("close", () => resolve());
      stream.end(() => stream.destroy());
    });
  }

  #datagram(text: string, { host, port }: { readonly host: string; readonly port: number }): void {
    if (this.#udp === undefined) {
      this.#udp = createSocket(host.includes(":") ? "udp6" : "udp4");
      this.#udp.on("error", () => {});
      this.#udp.unref();
    }
    this.#udp.send(text, port, host, (error) => {
      if (error !== null) this.#drop(text);
    });
  }

  #write(text: string, path: string): void {
    const stream = this.#connected(path);
    if (stream === undefined || stream.writableLength > waitingBytesMax) return this.#drop(text);
    stream.write(`${text}\n`, (error) => {
      if (error !== null && error !== undefined) this.#drop(text);
    });
  }

  #connected(path: string): Socket | undefined {
    if (this.#stream?.writable === true) return this.#stream;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#triedAtMs < reconnectMs) return undefined;
    this.#triedAtMs = nowMs;
    const stream = connect(path);
    stream.on("error", () => {});
    stream.unref();
    this.#stream = stream;
    return stream;
  }

  #drop(text: string): void {
    this.#dropped += text.split("\n").length;
  }
}
