import { formatTraceparent, sampledFlag } from "../context/traceparent.ts";
import type { RootSpan } from "./root-span.ts";

/** As OTLP numbers them. `internal`: a command, or anything else that stays in the process. */
export const SpanKind = { internal: 1, server: 2, client: 3 } as const;
export type SpanKind = (typeof SpanKind)[keyof typeof SpanKind];

export type AttributeValue = string | number | boolean;
/** Key, value, key, value: one array is all that a span's attributes cost. */
export type FlatAttributes = AttributeValue[];

export interface SpanEvent {
  readonly name: string;
  /** On the monotonic clock. */
  readonly atMs: number;
  readonly attributes: FlatAttributes;
}

export const spanLimits = {
  /** OpenTelemetry's default is 128; ours have about 10, and an application that adds in a loop is to be stopped early. */
  attributes: 64,
  events: 32,
  /** Characters of a name, a message, or a value. */
  characters: 1_024,
} as const;

const idPending = "";

/** One piece of work within a trace. Times are monotonic ms of the process's clock. Begun by its parent or by the tracer. */
export class Span {
  readonly kind: SpanKind;
  readonly root: RootSpan;
  readonly parent: Span | undefined;
  readonly startMs: number;
  name: string;
  /** −1 until it has ended. */
  endMs = -1;
  failed = false;
  /** Why it failed. */
  message = "";
  attributes: FlatAttributes | undefined;
  events: SpanEvent[] | undefined = undefined;
  droppedAttributes = 0;
  droppedEvents = 0;
  #id = idPending;

  constructor(
    kind: SpanKind,
    root: RootSpan | undefined,
    parent: Span | undefined,
    name: string,
    startMs: number,
    attributes: FlatAttributes | undefined,
  ) {
    this.kind = kind;
    // Only a RootSpan comes without one.
    this.root = root ?? (this as unknown as RootSpan);
    this.parent = parent;
    this.name = name;
    this.startMs = startMs;
    this.attributes = attributes;
  }

  /** 16 hex digits, made at the first question. */
  get id(): string {
    if (this.#id === idPending) this.#id = this.root.newSpanId();
    return this.#id;
  }

  /** The id that the next hop was told before there was a span. */
  useId(id: string | undefined): void {
    if (id !== undefined) this.#id = id;
  }

  get hasEnded(): boolean {
    return this.endMs >= 0;
  }

  /** What the next hop is told. */
  get traceparent(): string {
    const { root } = this;
    return formatTraceparent(root.traceId, this.id, root.flags);
  }

  get isSampled(): boolean {
    return (this.root.flags & sampledFlag) !== 0;
  }

  /** Work on behalf of this span. `attributes` is taken over, not copied. */
  child(kind: SpanKind, name: string, startMs: number, attributes?: FlatAttributes): Span {
    return new Span(kind, this.root, this, name, startMs, attributes);
  }

  /** More than 64, and all but the first 1,024 characters of a value, are not kept. */
  set(key: string, value: AttributeValue): void {
    const attributes = (this.attributes ??= []);
    if (attributes.length >= spanLimits.attributes * 2) this.droppedAttributes += 1;
    else attributes.push(key, typeof value === "string" ? cut(value) : value);
  }

  /** Something that happened at one moment. More than 32 are counted only. `attributes` is taken over, not copied. */
  event(name: string, atMs: number, attributes: FlatAttributes = []): void {
    const events = (this.events ??= []);
    if (events.length >= spanLimits.events) this.droppedEvents += 1;
    else events.push({ name, atMs, attributes });
  }

  /** It has not done what it was to do; a trace with such a span is kept even where few are. */
  fail(message: string): void {
    this.failed = true;
    this.message = cut(message);
    this.root.hasFailure = true;
  }

  /** The second call does nothing. */
  end(endMs: number): void {
    if (this.endMs >= 0) return;
    this.endMs = endMs < this.startMs ? this.startMs : endMs;
    this.root.ended(this);
  }
}

function cut(text: string): string {
  return text.length > spanLimits.characters ? text.slice(0, spanLimits.characters) : text;
}
