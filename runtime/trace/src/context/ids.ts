import { getRandomValues } from "node:crypto";
import type { Random } from "@holdfast/kernel";

/** Where ids are written, to be read as hex: a table of digits that is large enough to be quick would not stay in the cache. */
const bytes = Buffer.alloc(16);

/**
 * Ids of traces and spans. sfc32 (Chris Doty-Humphrey, public domain; passes PractRand): 128 bits of state, since with the 32
 * of {@link Random} the sequences of a few hundred processes would meet, and with them all ids from there on. Not for secrets.
 */
export class IdSource {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(a: number, b: number, c: number) {
    this.#a = a | 0;
    this.#b = b | 0;
    this.#c = c | 0;
    for (let i = 0; i < 12; i++) this.next32();
  }

  /** The same ids for the same `random`; for tests and the simulator. */
  static from(random: Random): IdSource {
    return new IdSource(random.next() * 2 ** 32, random.next() * 2 ** 32, random.next() * 2 ** 32);
  }

  /** Seeded by the operating system. */
  static fromSystem(): IdSource {
    const [a = 1, b = 2, c = 3] = getRandomValues(new Uint32Array(3));
    return new IdSource(a, b, c);
  }

  /** 32 random bits. */
  next32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** 32 hex digits, never all 0. */
  traceId(): string {
    return this.#hex(16);
  }

  /** 16 hex digits, never all 0. */
  spanId(): string {
    return this.#hex(8);
  }

  #hex(length: number): string {
    let any = 0;
    for (let at = 0; at < length; at += 4) {
      const bits = this.next32();
      any |= bits;
      bytes.writeUInt32BE(bits, at);
    }
    return any === 0 ? this.#hex(length) : bytes.toString("hex", 0, length);
  }
}
