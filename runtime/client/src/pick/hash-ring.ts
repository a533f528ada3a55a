import type { PickServer } from "./picker.ts";
import { bucketBits, changedPoints, type RingPoints, sortedPoints } from "./ring-points.ts";

/** More make the index cheaper to build, and a key a little slower to find. */
const pointsPerBucket = 4;

/**
 * Servers on a circle of 2³² places, 256 points each, found by their ids only: when a server leaves, its keys and no others
 * move; one that comes takes keys to itself and moves none between others. The order of the list does not count.
 *
 * An index by the first bits, a few points each, finds a key without a search. Where `before` is given (the ring of
 * the list until now), it is made from that one.
 */
export class HashRing {
  readonly #servers: readonly PickServer[];
  readonly #points: RingPoints;
  readonly #starts: Uint32Array;
  readonly #shift: number;

  constructor(servers: readonly PickServer[], before?: HashRing) {
    this.#servers = servers;
    this.#points =
      before === undefined ? sortedPoints(servers) : changedPoints(before.#points, before.#servers, servers);
    const { places } = this.#points;
    const bits = bucketBits(places.length / pointsPerBucket);
    this.#shift = 32 - bits;
    this.#starts = new Uint32Array(2 ** bits);
    let at = 0;
    for (let bucket = 0; bucket < this.#starts.length; bucket++) {
      this.#starts[bucket] = at;
      while (at < places.length && (places[at] ?? 0) >>> this.#shift === bucket) at += 1;
    }
  }

  get points(): number {
    return this.#points.places.length;
  }

  /** Index of the first point at or after `place`, around the circle. 0 when there is none. */
  after(place: number): number {
    const { places } = this.#points;
    let at = this.#starts[place >>> this.#shift] ?? 0;
    while (at < places.length && (places[at] ?? 0) < place) at += 1;
    return at < places.length ? at : 0;
  }

  /** Whose point this is. */
  owner(point: number): PickServer | undefined {
    return this.#servers[this.#points.owners[point] ?? 0];
  }
}
