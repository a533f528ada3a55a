import type { Clock, Random, Timer } from "@holdfast/kernel";
import type { Way } from "./rules.ts";

/** TCP sends a lost segment again after this at the least (RFC 6298 §2.4 as Linux has it: 200 ms). */
const againMs = 200;
const againMax = 5;

/** Things on their way in one direction of a connection, in order, each with the moment at which it arrives. */
export class HeldWay {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #line: { readonly dueMs: number; readonly arrive: () => void }[] = [];
  #way: Way;
  #lastDueMs = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, random: Random, way: Way) {
    this.#clock = clock;
    this.#random = random;
    this.#way = way;
  }

  get isEmpty(): boolean {
    return this.#line.length === 0;
  }

  /** What is under way when a fault begins is stopped by it, and what was stopped goes on when it ends. */
  change(way: Way): void {
    this.#way = way;
    this.#go();
  }

  /** Sends something of so many bytes; `arrive` is called when it would. */
  send(bytes: number, arrive: () => void): void {
    const nowMs = this.#clock.monotonicMs();
    const { delayMs, loss, bitsPerSecond } = this.#way;
    const sendingMs = (bytes * 8_000) / bitsPerSecond;
    let lateMs = 0;
    for (let tries = 0; tries < againMax && loss > 0 && this.#random.next() < loss; tries++)
      lateMs += againMs * 2 ** tries;
    // Nothing overtakes: what comes later waits for what was lost.
    const dueMs = Math.max(nowMs + delayMs + lateMs, this.#lastDueMs) + sendingMs;
    this.#lastDueMs = dueMs;
    this.#line.push({ dueMs, arrive });
    this.#go();
  }

  /** Nothing arrives any more. */
  end(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#line.length = 0;
  }

  #go(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#way.isCut) return;
    const nowMs = this.#clock.monotonicMs();
    for (let next = this.#line[0]; next !== undefined && next.dueMs <= nowMs; next = this.#line[0]) {
      this.#line.shift();
      next.arrive();
    }
    const next = this.#line[0];
    if (next !== undefined && this.#timer === undefined) {
      this.#timer = this.#clock.after(Math.max(0, next.dueMs - nowMs), () => this.#go());
    }
  }
}
