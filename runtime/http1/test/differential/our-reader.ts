import type { Socket } from "node:net";
import { type Exchange, Http1Server } from "@holdfast/http1";
import type { SeededRandom } from "@holdfast/kernel";
import { FakeClock } from "@holdfast/testing";
import { MemorySocket } from "./memory-socket.ts";
import type { Message, Reading } from "./message.ts";

/** Our server, as it is, given the bytes of one connection in pieces by chance. */
export class OurReader {
  #messages: Message[] = [];
  readonly #server = new Http1Server(new FakeClock(), (exchange) => this.#take(exchange));

  async read(bytes: Buffer, random: SeededRandom): Promise<Reading> {
    this.#messages = [];
    const socket = new MemorySocket();
    this.#server.accept(socket as unknown as Socket);
    for (let at = 0; at < bytes.length; ) {
      const size = random.next() < 0.3 ? bytes.length : 1 + Math.floor(random.next() * 40);
      // Handed over as the network would: each piece an event of its own.
      socket.emit("data", bytes.subarray(at, at + size));
      at += size;
    }
    const messages = this.#messages;
    const refused = /^HTTP\/1\.1 [45]/m.test(socket.written) || socket.writableEnded;
    socket.destroy();
    await new Promise(setImmediate);
    return { messages, refused: refused || /^HTTP\/1\.1 [45]/m.test(socket.written) };
  }

  #take(exchange: Exchange): void {
    let body = "";
    const { method, target, minor, fields } = exchange.request;
    exchange.takeBody(
      {
        data: (piece) => {
          body += piece.toString("latin1");
          return true;
        },
        end: (trailers) => {
          this.#messages.push({ method, target, minor, fields: [...fields], body, trailers: [...(trailers ?? [])] });
          exchange.respond(200);
        },
        failed: () => undefined,
      },
      true,
    );
  }
}
