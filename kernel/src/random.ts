/** Chance as an argument: the same seed gives the same run. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** An integer in [0, bound). */
  below(bound: number): number;
  /** `bytes` random bytes as lower-case hex. */
  hex(bytes: number): string;
  /** An independent generator; more draws in one component never shift another's. */
  child(name: string): Random;
}

/**
 * Seeded generator: mulberry32 (Tommy Ettinger, public domain), 32 bits of state.
 * For simulation and for jitter; never for secrets (use `node:crypto`).
 */
export class SeededRandom implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  hex(bytes: number): string {
    let text = "";
    for (let i = 0; i < bytes; i++) text += this.below(256).toString(16).padStart(2, "0");
    return text;
  }

  child(name: string): Random {
    return new SeededRandom((hash32(name) ^ Math.floor(this.next() * 4_294_967_296)) >>> 0);
  }
}

/** A generator seeded by the operating system. Only `main.ts` files build one. */
export function systemRandom(): Random {
  const seed = new Uint32Array(1);
  crypto.getRandomValues(seed);
  return new SeededRandom(seed[0] ?? 1);
}

/** FNV-1a, 32 bits: a cheap, stable spread of short strings. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash ^= text.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash >>> 0;
}
