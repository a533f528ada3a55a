import { Duplex } from "node:stream";

/** A connection without a network: what is written to it is kept. */
export class MemorySocket extends Duplex {
  written = "";
  readonly remoteAddress = "127.0.0.1";

  constructor() {
    super({ allowHalfOpen: true });
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.written += chunk.toString("latin1");
    done();
  }

  setNoDelay(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }
}
