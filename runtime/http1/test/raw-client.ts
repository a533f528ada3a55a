import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A client that sends bytes as they are, and keeps all that comes. */
export class RawClient {
  readonly socket: Socket;
  #received = "";
  closed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (data: Buffer) => {
      this.#received += data.toString("latin1");
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.closed = true;
    });
  }

  static async to(port: number): Promise<RawClient> {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    await once(socket, "connect");
    socket.setNoDelay(true);
    return new RawClient(socket);
  }

  get received(): string {
    return this.#received;
  }

  send(text: string | Buffer): this {
    this.socket.write(typeof text === "string" ? Buffer.from(text, "latin1") : text);
    return this;
  }

  /** Resolves once what was received matches. */
  async until(wanted: RegExp): Promise<string> {
    while (!wanted.test(this.#received)) {
      if (this.closed) throw new Error(`closed before ${wanted}: ${JSON.stringify(this.#received)}`);
      await Promise.race([once(this.socket, "data"), once(this.socket, "close")]);
    }
    return this.#received;
  }

  /** Resolves with all that came, once the other side has said that no more does. */
  async all(): Promise<string> {
    if (!this.socket.readableEnded && !this.closed)
      await Promise.race([once(this.socket, "end"), once(this.socket, "close")]);
    this.socket.destroy();
    return this.#received;
  }
}
