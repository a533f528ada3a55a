import type { Random } from "@holdfast/kernel";
import type { EventQueue } from "./event-queue.ts";
import type { Machine, Process } from "./machine.ts";

/** A way that nothing gets through. */
export interface Cut {
  readonly what: string;
  /** `isAnswer`: it comes back on a connection that the other side has opened. */
  hits(from: Machine, to: Machine, isAnswer: boolean): boolean;
}

/** What the network does to a call; shares from 0 to 1. */
export interface Weather {
  /** Of requests, and of answers, that never arrive. */
  loss: number;
  /** Of requests that arrive twice. */
  duplicates: number;
  /** Of messages that take up to `tailMs` instead of up to 20 ms: they overtake one another. */
  tail: number;
  tailMs: number;
}

export const fairWeather: Readonly<Weather> = { loss: 0, duplicates: 0, tail: 0, tailMs: 0 };
const usualMs = 20;

/** Answers a request, or, with `undefined`, never. */
export type Reply = (answer: (() => void) | undefined) => void;

/** Carries calls between machines: late, doubled, out of order, or not at all. */
export class SimNetwork {
  readonly #queue: EventQueue;
  readonly #random: Random;
  readonly #cuts = new Set<Cut>();
  /** Machines whose messages take so many ms more, each way. */
  readonly slow = new Map<Machine, number>();
  weather: Weather = { ...fairWeather };
  /** How many streams each machine has opened. */
  readonly opened = new Map<Machine, number>();
  /** Connections that are open. */
  readonly streams = new Set<{ reset(): void }>();

  constructor(queue: EventQueue, random: Random) {
    this.#queue = queue;
    this.#random = random;
  }

  get cuts(): ReadonlySet<Cut> {
    return this.#cuts;
  }

  cut(cut: Cut): void {
    this.#cuts.add(cut);
  }

  heal(cut?: Cut): void {
    if (cut === undefined) this.#cuts.clear();
    else this.#cuts.delete(cut);
  }

  /** Whether messages get from one to the other, this way round. */
  reaches(from: Machine, to: Machine, isAnswer = false): boolean {
    for (const cut of this.#cuts) if (cut.hits(from, to, isAnswer)) return false;
    return true;
  }

  /** Calls between both get through. */
  canCall(from: Machine, to: Machine): boolean {
    return this.reaches(from, to) && this.reaches(to, from, true);
  }

  /** One way, in ms. */
  delayMs(from: Machine, to: Machine): number {
    const { tail, tailMs } = this.weather;
    const isTail = tail > 0 && this.#random.next() < tail;
    const ms = 0.2 + this.#random.next() ** 2 * (isTail ? tailMs : usualMs);
    return ms + (this.slow.get(from) ?? 0) + (this.slow.get(to) ?? 0);
  }

  /** As soon as one message takes from one to the other; not at all when it does not get through. */
  later(from: Machine, to: Machine, run: () => void): void {
    this.#queue.after(this.delayMs(from, to), () => {
      if (this.reaches(from, to, true)) run();
    });
  }

  after(ms: number, run: () => void): void {
    this.#queue.after(ms, run);
  }

  isLost(): boolean {
    return this.weather.loss > 0 && this.#random.next() < this.weather.loss;
  }

  /**
   * A request from a process to a machine. `arrive` is called there with what is to be done with the answer, once, twice or
   * never; `refused` back here when nothing listens there.
   */
  call(from: Process, to: Machine, arrive: (process: Process, reply: Reply) => void, refused: () => void): void {
    const copies = this.weather.duplicates > 0 && this.#random.next() < this.weather.duplicates ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const isLost = this.isLost();
      // A copy comes later: something on the way sent it again.
      const moreMs = copy === 0 ? 0 : this.#random.next() * 1_000;
      this.#queue.after(this.delayMs(from.machine, to) + moreMs, () => {
        if (isLost || !this.reaches(from.machine, to)) return;
        const back = this.#backTo(from, to);
        const process = to.process;
        if (process === undefined) return copy === 0 ? back(refused) : undefined;
        const unwatch = process.onEnd(() => copy === 0 && back(refused));
        process.receive(() =>
          arrive(process, (answer) => {
            unwatch();
            if (copy === 0 && answer !== undefined) back(answer);
          }),
        );
      });
    }
  }

  #backTo(from: Process, to: Machine): (run: () => void) => void {
    return (run) => {
      const isLost = this.isLost();
      this.#queue.after(this.delayMs(to, from.machine), () => {
        if (!isLost && this.reaches(to, from.machine, true)) from.receive(run);
      });
    };
  }
}
