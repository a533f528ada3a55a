import { firstApplicationHost, PlatformError } from "@holdfast/kernel";

/** Highest host number of a zone. */
const lastHost = 253;

/**
 * The lowest free host number of a zone, so that addresses stay short and readable. Reuse is harmless: the port, which
 * goes with it, rests as long as can be.
 *
 * @throws PlatformError `ZONE_FULL` when all are taken.
 */
export function freeHost(zone: string, taken: Pick<ReadonlySet<number>, "has">): number {
  for (let host = firstApplicationHost; host <= lastHost; host++) if (!taken.has(host)) return host;
  throw new PlatformError("ZONE_FULL", `${zone}: all ${lastHost - firstApplicationHost + 1} addresses are taken`, {
    next: "scale something down, or run with more zones",
  });
}

/** Gives out the ports of a block in a ring: a freed one is used again only after all the others. */
export class PortRing {
  readonly #first: number;
  readonly #size: number;
  #next: number;

  /** Ports `first` to `last`, both included, starting at `next` (default `first`). */
  constructor(first: number, last: number, next: number = first) {
    this.#first = first;
    this.#size = last - first + 1;
    this.#next = next < first || next > last ? first : next;
  }

  /** Where the ring goes on; kept over restarts. */
  get next(): number {
    return this.#next;
  }

  /**
   * The next port that is not in `taken`.
   *
   * @throws PlatformError `PORTS_EXHAUSTED` when there is none.
   */
  take(taken: Pick<ReadonlySet<number>, "has">): number {
    for (let i = 0; i < this.#size; i++) {
      const port = this.#next;
      this.#next = this.#first + ((port - this.#first + 1) % this.#size);
      if (!taken.has(port)) return port;
    }
    throw new PlatformError("PORTS_EXHAUSTED", `all ${this.#size} ports of this stack's block are taken`, {
      next: "scale something down",
    });
  }
}
