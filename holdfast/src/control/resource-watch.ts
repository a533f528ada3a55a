import type { Clock, Log, Timer } from "@holdfast/kernel";
import { judgeResources, type Readings, type Resource } from "../stack/resources.ts";

const lookEveryMs = 10_000;
/** Looks in a row until something is said, or said to be over: what swings around a threshold is not news each time. */
const looksInRow = 2;

interface Seen {
  state: Resource["state"];
  text: string;
  /** What was seen since then, and how often in a row. */
  next: Resource["state"];
  times: number;
}

/** Says that the machine runs out of something before it does: in the status, and once in the diary. */
export class ResourceWatch {
  readonly #log: Log;
  readonly #read: () => Readings;
  readonly #remark: (cause: string) => void;
  readonly #seen = new Map<Resource["name"], Seen>();
  readonly #timer: Timer;

  constructor(clock: Clock, log: Log, read: () => Readings, remark: (cause: string) => void) {
    this.#log = log;
    this.#read = read;
    this.#remark = remark;
    this.#timer = clock.every(lookEveryMs, () => this.#look());
    this.#look();
  }

  /** One sentence for each that is short now. */
  get reasons(): readonly string[] {
    return [...this.#seen].filter(([, seen]) => seen.state !== "ok").map(([name, { text }]) => `${name}: ${text}`);
  }

  close(): void {
    this.#timer.cancel();
  }

  #look(): void {
    for (const { name, state, text } of judgeResources(this.#read())) {
      const seen = this.#seen.get(name) ?? { state: "ok", text, next: "ok", times: 0 };
      this.#seen.set(name, seen);
      seen.times = seen.next === state ? seen.times + 1 : 1;
      seen.next = state;
      seen.text = text;
      if (state === seen.state || seen.times < looksInRow) continue;
      seen.state = state;
      this.#log.warn("control.resource", { name, state, text });
      this.#remark(state === "ok" ? `there is enough again: ${name}: ${text}` : `${name} runs short: ${text}`);
    }
  }
}
