import type { Clock, Timer } from "@holdfast/kernel";
import { controlTopics } from "@holdfast/wire/control/paths";
import type { SseReply } from "./sse-reply.ts";

export type Topic = (typeof controlTopics)[number];

/** At most five messages a second and topic. */
const coalesceMs = 200;
/** Figures of traffic move without an event of their own. */
const refreshMs = 5_000;

/**
 * The live stream: each reader gets the present state of its topics, then a topic again each time it has changed. Views
 * are made only while somebody reads.
 */
export class EventHub {
  readonly #clock: Clock;
  readonly #views: Readonly<Record<Topic, () => unknown>>;
  readonly #readers = new Map<SseReply, ReadonlySet<Topic>>();
  readonly #last = new Map<Topic, string>();
  #pending: Timer | undefined;
  #refresh: Timer | undefined;
  #closed = false;

  constructor(clock: Clock, views: Readonly<Record<Topic, () => unknown>>) {
    this.#clock = clock;
    this.#views = views;
  }

  get readers(): number {
    return this.#readers.size;
  }

  add(reader: SseReply, topics: ReadonlySet<Topic>): void {
    if (this.#closed) return reader.end();
    this.#readers.set(reader, topics);
    this.#refresh ??= this.#clock.every(refreshMs, () => this.changed());
    for (const topic of controlTopics) {
      // What the others saw last: the change that is pending reaches this one with them.
      if (topics.has(topic)) reader.send({ event: topic, data: this.#current(topic) });
    }
    reader.closed.addEventListener("abort", () => this.#remove(reader), { once: true });
  }

  /** Something may have changed; readers hear of it within 200 ms. */
  changed(): void {
    if (this.#readers.size === 0 || this.#pending !== undefined || this.#closed) return;
    this.#pending = this.#clock.after(coalesceMs, () => {
      this.#pending = undefined;
      this.#push();
    });
  }

  close(): void {
    this.#closed = true;
    this.#pending?.cancel();
    this.#refresh?.cancel();
    for (const reader of this.#readers.keys()) reader.end();
    this.#readers.clear();
  }

  #current(topic: Topic): string {
    if (this.#readers.size > 1) {
      const last = this.#last.get(topic);
      if (last !== undefined) return last;
    }
    const text = JSON.stringify(this.#views[topic]());
    this.#last.set(topic, text);
    return text;
  }

  #push(): void {
    for (const topic of controlTopics) {
      const wanted = [...this.#readers].filter(([, topics]) => topics.has(topic));
      if (wanted.length === 0) continue;
      const text = JSON.stringify(this.#views[topic]());
      if (text === this.#last.get(topic)) continue;
      this.#last.set(topic, text);
      for (const [reader] of wanted) reader.send({ event: topic, data: text });
    }
  }

  #remove(reader: SseReply): void {
    this.#readers.delete(reader);
    if (this.#readers.size > 0) return;
    this.#last.clear();
    this.#pending?.cancel();
    this.#pending = undefined;
    this.#refresh?.cancel();
    this.#refresh = undefined;
  }
}
