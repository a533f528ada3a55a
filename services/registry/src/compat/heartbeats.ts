import type { HeartbeatClaims } from "./eureka-actions.ts";

/** What the target of a heartbeat says. */
export interface Heartbeat {
  readonly app: string;
  readonly id: string;
  readonly claims: HeartbeatClaims | undefined;
}

/** Twice the largest registry we measure; about 300 bytes each. */
const knownMax = 20_000;

/**
 * The targets of heartbeats that were taken apart before: a client sends the same one until it has something new to say,
 * every few seconds. Says nothing about the instance itself, so there is nothing to keep up to date.
 */
export class Heartbeats {
  readonly #known = new Map<string, Heartbeat>();

  get(url: string): Heartbeat | undefined {
    return this.#known.get(url);
  }

  /** Of those that were answered with 200 only: whoever guesses does not push the others out. */
  add(url: string, heartbeat: Heartbeat): void {
    if (this.#known.size >= knownMax) this.#known.clear();
    this.#known.set(url, heartbeat);
  }
}
