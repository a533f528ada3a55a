import { wholeBetween } from "@holdfast/kernel";
import type { SpanSink } from "../tracer.ts";
import type { FlatAttributes, Span } from "./span.ts";

export const ringDefaults = { spansMax: 4_096, bytesMax: 4 * 1024 * 1024 } as const;

/** About what a span without attributes takes on the heap. */
const spanBytes = 300;
const eventBytes = 80;

/** Ended spans until someone takes them. When it is full, the oldest go, and are counted. */
export class SpanRing implements SpanSink {
  readonly #slots: (Span | undefined)[];
  /** What each slot was counted for: a span that someone adds to after its end must not upset the sum. */
  readonly #sizes: Float64Array;
  readonly #bytesMax: number;
  /** Called after each push, when set. */
  onPush: (() => void) | undefined = undefined;
  #first = 0;
  #size = 0;
  #bytes = 0;
  dropped = 0;

  constructor(spansMax: number = ringDefaults.spansMax, bytesMax: number = ringDefaults.bytesMax) {
    this.#slots = Array.from({ length: wholeBetween("spansMax", spansMax, 1, 1_000_000) });
    this.#sizes = new Float64Array(spansMax);
    this.#bytesMax = bytesMax;
  }

  get size(): number {
    return this.#size;
  }

  /** An estimate. */
  get bytes(): number {
    return this.#bytes;
  }

  push(span: Span): void {
    const bytes = bytesOf(span);
    while (this.#size > 0 && (this.#size === this.#slots.length || this.#bytes + bytes > this.#bytesMax)) {
      this.#shift();
      this.dropped += 1;
    }
    const at = (this.#first + this.#size) % this.#slots.length;
    this.#slots[at] = span;
    this.#sizes[at] = bytes;
    this.#size += 1;
    this.#bytes += bytes;
    this.onPush?.();
  }

  /** The oldest `max`, taken out. */
  take(max: number): Span[] {
    const taken: Span[] = [];
    while (taken.length < max) {
      const span = this.#shift();
      if (span === undefined) break;
      taken.push(span);
    }
    return taken;
  }

  #shift(): Span | undefined {
    if (this.#size === 0) return undefined;
    const span = this.#slots[this.#first];
    this.#slots[this.#first] = undefined;
    this.#bytes -= this.#sizes[this.#first] ?? 0;
    this.#first = (this.#first + 1) % this.#slots.length;
    this.#size -= 1;
    return span;
  }
}

function bytesOf({ name, message, attributes, events }: Span): number {
  let bytes = spanBytes + name.length + message.length;
  if (attributes !== undefined) bytes += bytesOfAttributes(attributes);
  for (const event of events ?? []) bytes += eventBytes + event.name.length + bytesOfAttributes(event.attributes);
  return bytes;
}

function bytesOfAttributes(attributes: FlatAttributes): number {
  let bytes = 0;
  for (const part of attributes) bytes += typeof part === "string" ? 16 + part.length : 8;
  return bytes;
}
