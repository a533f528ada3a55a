import type { Clock } from "@holdfast/kernel";
import type { Counter } from "../meters/counter.ts";
import type { Gauge } from "../meters/gauge.ts";
import { AgeGauge } from "../patterns/age-gauge.ts";
import { MonotonicCounter, MonotonicCounterUint } from "../patterns/monotonic-counter.ts";
import type { MeterRegistry } from "../registry/meter-registry.ts";
import { parseSpectatordLine, type SpectatordLine } from "./line.ts";

/** Takes the value of a line, as it is written. */
type Take = (value: string) => void;

/** Lines say the same ids again and again: those known are not taken apart anew. */
const knownMax = 10_000;
/** spectatord's own limit. */
const ageGaugesMax = 1_000;
const leastGaugeSeconds = 5;

/** Feeds a registry from lines of spectatord's protocol. */
export class LineMeters {
  readonly #clock: Pick<Clock, "wallMs" | "monotonicMs">;
  readonly #meters: MeterRegistry;
  readonly #known = new Map<string, Take>();
  readonly #ages = new Map<string, AgeGauge>();
  /** Gauges that said how long they are valid, and until when (monotonic ms). */
  readonly #expiring = new Map<Gauge, number>();
  readonly #totals = new WeakMap<Counter, MonotonicCounter>();
  readonly #unsignedTotals = new WeakMap<Counter, MonotonicCounterUint>();
  readonly #endExpiry: () => void;

  constructor(clock: Pick<Clock, "wallMs" | "monotonicMs">, meters: MeterRegistry) {
    this.#clock = clock;
    this.#meters = meters;
    this.#endExpiry = meters.beforeRead(() => this.#expire());
  }

  /** `undefined`, or why the line was not taken. */
  take(line: string): string | undefined {
    const valueAt = line.lastIndexOf(":") + 1;
    const head = line.slice(0, valueAt);
    const text = line.slice(valueAt);
    try {
      const known = this.#known.get(head);
      if (known !== undefined && isPlainNumber(text)) known(text);
      else return this.#takeNew(head, line);
      return undefined;
    } catch (error) {
      // The id is another kind of meter.
      if (error instanceof TypeError) return error.message;
      throw error;
    }
  }

  close(): void {
    this.#endExpiry();
    for (const age of this.#ages.values()) age.close();
    this.#ages.clear();
    this.#known.clear();
  }

  #takeNew(head: string, line: string): string | undefined {
    const parsed = parseSpectatordLine(line);
    if (typeof parsed === "string") return parsed;
    const take = this.#resolve(parsed);
    if (take === undefined) return "too many age gauges";
    take(parsed.value);
    // Totals of 64 bits are looked at closely each time: not every number is one.
    if (parsed.type === "U") return undefined;
    if (this.#known.size >= knownMax) this.#known.clear();
    this.#known.set(head, take);
    return undefined;
  }

  #resolve({ type, option, name, tags }: SpectatordLine): Take | undefined {
    const meters = this.#meters;
    switch (type) {
      case "c":
        return (value) => meters.counter(name, tags).increment(Number(value));
      case "t":
        return (value) => meters.timer(name, tags).record(Number(value) * 1_000);
      case "T":
        return (value) => meters.percentileTimer(name, tags).record(Number(value) * 1_000);
      case "d":
        return (value) => meters.summary(name, tags).record(Number(value));
      case "D":
        return (value) => meters.percentileSummary(name, tags).record(Number(value));
      case "m":
        return (value) => meters.maxGauge(name, tags).set(Number(value));
      case "g":
        return (value) => this.#setGauge(meters.gauge(name, tags), Number(value), option);
      case "A":
        return this.#age(name, tags);
      case "U":
        return (value) => this.#unsigned(meters.counter(name, tags)).set(BigInt(value));
      case "C":
      case "X":
        // The time of `X` says when the total was read; ours are rates by step, so that it came is enough.
        return (value) => this.#total(meters.counter(name, tags)).set(Number(value));
    }
  }

  #setGauge(gauge: Gauge, value: number, seconds: number | undefined): void {
    gauge.set(value);
    if (seconds === undefined) this.#expiring.delete(gauge);
    else this.#expiring.set(gauge, this.#clock.monotonicMs() + Math.max(seconds, leastGaugeSeconds) * 1_000);
  }

  #age(name: string, tags: SpectatordLine["tags"]): Take | undefined {
    const key = JSON.stringify([name, tags]);
    let age = this.#ages.get(key);
    if (age === undefined) {
      if (this.#ages.size >= ageGaugesMax) return undefined;
      age = new AgeGauge(this.#clock, this.#meters, name, tags);
      this.#ages.set(key, age);
    }
    const known = age;
    return (value) => known.set(Number(value));
  }

  #total(counter: Counter): MonotonicCounter {
    const total = this.#totals.get(counter) ?? new MonotonicCounter(counter);
    this.#totals.set(counter, total);
    return total;
  }

  #unsigned(counter: Counter): MonotonicCounterUint {
    const total = this.#unsignedTotals.get(counter) ?? new MonotonicCounterUint(counter);
    this.#unsignedTotals.set(counter, total);
    return total;
  }

  #expire(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [gauge, untilMs] of this.#expiring) {
      if (nowMs < untilMs) continue;
      gauge.set(Number.NaN);
      this.#expiring.delete(gauge);
    }
  }
}

const digits = /^\d{1,15}(\.\d{1,15})?$/;

/** What needs no closer look; the rest is looked at by the parser. */
function isPlainNumber(text: string): boolean {
  return digits.test(text);
}
