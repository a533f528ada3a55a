import { hash32 } from "@holdfast/kernel";
import type { PickServer } from "./picker.ts";

/** Points of one server. 256 make the largest of 100 shares 1.2 of the mean at most, usually (16 per root: 1/16 spread). */
const pointsPerServer = 256;
/** Odd, far from a multiple of anything: 2³² / golden ratio (Knuth). */
const stride = 0x9e3779b9;

/** Spreads all 32 bits (the end of MurmurHash3, public domain): FNV leaves similar names side by side. */
export function spread32(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A key's place on the ring. */
export function placeOf(key: string): number {
  return spread32(hash32(key));
}

/**
 * Servers on a circle of 2³² places, 256 points each, found by their ids only: when a server leaves, its keys and no others
 * move; one that comes takes keys to itself and moves none between others. The order of the list does not count.
 *
 * Points lie in buckets by their first bits, about one in each, so that it is built in linear time (1,000 servers: some
 * ms) and a key is found without a search.
 */
export class HashRing {
  readonly #servers: readonly PickServer[];
  readonly #places: Uint32Array;
  readonly #owners: Uint32Array;
  readonly #starts: Uint32Array;
  readonly #shift: number;

  constructor(servers: readonly PickServer[]) {
    this.#servers = servers;
    const count = servers.length * pointsPerServer;
    const bits = Math.max(1, Math.ceil(Math.log2(Math.max(2, count))));
    this.#shift = 32 - bits;
    this.#places = new Uint32Array(count);
    this.#owners = new Uint32Array(count);
    this.#starts = new Uint32Array(2 ** bits + 1);
    this.#fill();
  }

  get points(): number {
    return this.#places.length;
  }

  /** Index of the first point at or after `place`, around the circle. 0 when there is none. */
  after(place: number): number {
    const { length } = this.#places;
    let at = this.#starts[place >>> this.#shift] ?? 0;
    while (at < length && (this.#places[at] ?? 0) < place) at += 1;
    return at < length ? at : 0;
  }

  /** Whose point this is. */
  owner(point: number): PickServer | undefined {
    return this.#servers[this.#owners[point] ?? 0];
  }

  #fill(): void {
    const starts = this.#starts;
    const hashes = Uint32Array.from(this.#servers, (server) => hash32(server.id));
    for (const hash of hashes) {
      for (let i = 0; i < pointsPerServer; i++) {
        const bucket = (pointOf(hash, i) >>> this.#shift) + 1;
        starts[bucket] = (starts[bucket] ?? 0) + 1;
      }
    }
    for (let i = 1; i < starts.length; i++) starts[i] = (starts[i] ?? 0) + (starts[i - 1] ?? 0);
    const ends = starts.slice();
    for (const [owner, hash] of hashes.entries())
      for (let i = 0; i < pointsPerServer; i++) this.#insert(ends, owner, pointOf(hash, i));
  }

  /** Into its bucket, behind the lower ones that are there already. */
  #insert(ends: Uint32Array, owner: number, place: number): void {
    const bucket = place >>> this.#shift;
    const start = this.#starts[bucket] ?? 0;
    let at = ends[bucket] ?? 0;
    ends[bucket] = at + 1;
    for (; at > start && (this.#places[at - 1] ?? 0) > place; at--) {
      this.#places[at] = this.#places[at - 1] ?? 0;
      this.#owners[at] = this.#owners[at - 1] ?? 0;
    }
    this.#places[at] = place;
    this.#owners[at] = owner;
  }
}

function pointOf(hash: number, i: number): number {
  return spread32(hash + Math.imul(i, stride));
}
