import { BinaryReader, type WireType } from "@bufbuild/protobuf/wire";
import { type OtlpLimits, OtlpUnfitError, otlpLimits } from "./limits.ts";
import type {
  OtlpAttribute,
  OtlpEvent,
  OtlpLink,
  OtlpResourceSpans,
  OtlpScope,
  OtlpScopeSpans,
  OtlpSpan,
  OtlpStatus,
  OtlpTraces,
  OtlpValue,
} from "./types.ts";

/** Wire types: what a known field with another one is, is unknown. */
const varint = 0;
const bit64 = 1;
const bytes = 2;
const bit32 = 5;

/**
 * Reads `ExportTraceServiceRequest`. Unknown fields are skipped.
 *
 * @throws OtlpUnfitError for what is no such message, has too many spans, or values that lie too deep in each other.
 */
export function tracesFromProtobuf(message: Uint8Array, limits: OtlpLimits = otlpLimits): OtlpTraces {
  try {
    return new TracesReader(message, limits).read();
  } catch (error) {
    if (error instanceof OtlpUnfitError) throw error;
    throw new OtlpUnfitError(`is no protobuf of ExportTraceServiceRequest`, error);
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

class TracesReader {
  readonly #in: BinaryReader;
  readonly #limits: OtlpLimits;
  #spansLeft: number;
  /** Of the message that was read last: attributes beyond the limit. */
  #extra = 0;

  constructor(message: Uint8Array, limits: OtlpLimits) {
    this.#in = new BinaryReader(message);
    this.#limits = limits;
    this.#spansLeft = limits.spans;
  }

  read(): OtlpTraces {
    const resourceSpans: OtlpResourceSpans[] = [];
    this.#fields(
      this.#in.len,
      (no, type) => no === 1 && type === bytes && resourceSpans.push(this.#resourceSpans()) > 0,
    );
    return { resourceSpans };
  }

  #resourceSpans(): OtlpResourceSpans {
    const attributes: OtlpAttribute[] = [];
    const scopeSpans: OtlpScopeSpans[] = [];
    let schemaUrl = "";
    this.#message((no, type) => {
      if (type !== bytes) return false;
      if (no === 1) this.#message((field, wire) => field === 1 && wire === bytes && this.#attribute(attributes));
      else if (no === 2) scopeSpans.push(this.#scopeSpans());
      else if (no === 3) schemaUrl = this.#in.string();
      else return false;
      return true;
    });
    return { resource: { attributes }, scopeSpans, schemaUrl };
  }

  #scopeSpans(): OtlpScopeSpans {
    let scope: OtlpScope = { name: "", version: "", attributes: [] };
    const spans: OtlpSpan[] = [];
    let schemaUrl = "";
    this.#message((no, type) => {
      if (type !== bytes) return false;
      if (no === 1) scope = this.#scope();
      else if (no === 2) spans.push(this.#span());
      else if (no === 3) schemaUrl = this.#in.string();
      else return false;
      return true;
    });
    return { scope, spans, schemaUrl };
  }

  #scope(): OtlpScope {
    const attributes: OtlpAttribute[] = [];
    let name = "";
    let version = "";
    this.#message((no, type) => {
      if (type !== bytes) return false;
      if (no === 1) name = this.#in.string();
      else if (no === 2) version = this.#in.string();
      else if (no === 3) return this.#attribute(attributes);
      else return false;
      return true;
    });
    return { name, version, attributes };
  }

  #span(): OtlpSpan {
    if (this.#spansLeft === 0) throw new OtlpUnfitError(`has more than ${this.#limits.spans} spans`);
    this.#spansLeft -= 1;
    const attributes: OtlpAttribute[] = [];
    const events: OtlpEvent[] = [];
    const links: OtlpLink[] = [];
    const span = emptySpan(attributes, events, links);
    // Added in the end, since the sender's own counts may come after what they count.
    const extra = { attributes: 0, events: 0, links: 0 };
    this.#message((no, type) => {
      if (type !== bytes) return this.#spanField(no, type, span);
      if (no === 9) {
        this.#extra = 0;
        this.#attribute(attributes);
        extra.attributes += this.#extra;
      } else if (no === 11) extra.events += this.#kept(events, this.#event());
      else if (no === 13) extra.links += this.#kept(links, this.#link());
      else return this.#spanField(no, type, span);
      return true;
    });
    span.droppedAttributesCount += extra.attributes;
    span.droppedEventsCount += extra.events;
    span.droppedLinksCount += extra.links;
    return span;
  }

  /** Keeps `one` if there is room; else says that one was dropped. */
  #kept<T>(all: T[], one: T): 0 | 1 {
    if (all.length >= this.#limits.events) return 1;
    all.push(one);
    return 0;
  }

  #spanField(no: number, type: number, span: Mutable<OtlpSpan>): boolean {
    const input = this.#in;
    if (type === bytes && no === 1) span.traceId = this.#hex();
    else if (type === bytes && no === 2) span.spanId = this.#hex();
    else if (type === bytes && no === 3) span.traceState = input.string();
    else if (type === bytes && no === 4) span.parentSpanId = this.#hex();
    else if (type === bytes && no === 5) span.name = input.string();
    else if (type === varint && no === 6) span.kind = input.uint32();
    else if (type === bit64 && no === 7) span.startTimeUnixNano = BigInt(input.fixed64());
    else if (type === bit64 && no === 8) span.endTimeUnixNano = BigInt(input.fixed64());
    else if (type === varint && no === 10) span.droppedAttributesCount = input.uint32();
    else if (type === varint && no === 12) span.droppedEventsCount = input.uint32();
    else if (type === varint && no === 14) span.droppedLinksCount = input.uint32();
    else if (type === bytes && no === 15) span.status = this.#status();
    else if (type === bit32 && no === 16) span.flags = input.fixed32();
    else return false;
    return true;
  }

  #event(): OtlpEvent {
    const attributes: OtlpAttribute[] = [];
    const event: Mutable<OtlpEvent> = { timeUnixNano: 0n, name: "", attributes, droppedAttributesCount: 0 };
    this.#extra = 0;
    this.#message((no, type) => {
      if (type === bit64 && no === 1) event.timeUnixNano = BigInt(this.#in.fixed64());
      else if (type === bytes && no === 2) event.name = this.#in.string();
      else if (type === bytes && no === 3) return this.#attribute(attributes);
      else if (type === varint && no === 4) event.droppedAttributesCount = this.#in.uint32();
      else return false;
      return true;
    });
    event.droppedAttributesCount += this.#extra;
    return event;
  }

  #link(): OtlpLink {
    const attributes: OtlpAttribute[] = [];
    const link: Mutable<OtlpLink> = {
      traceId: "",
      spanId: "",
      traceState: "",
      attributes,
      droppedAttributesCount: 0,
      flags: 0,
    };
    this.#extra = 0;
    this.#message((no, type) => {
      if (type === bytes && no === 1) link.traceId = this.#hex();
      else if (type === bytes && no === 2) link.spanId = this.#hex();
      else if (type === bytes && no === 3) link.traceState = this.#in.string();
      else if (type === bytes && no === 4) return this.#attribute(attributes);
      else if (type === varint && no === 5) link.droppedAttributesCount = this.#in.uint32();
      else if (type === bit32 && no === 6) link.flags = this.#in.fixed32();
      else return false;
      return true;
    });
    link.droppedAttributesCount += this.#extra;
    return link;
  }

  #status(): OtlpStatus {
    const status: Mutable<OtlpStatus> = { code: 0, message: "" };
    this.#message((no, type) => {
      if (type === bytes && no === 2) status.message = this.#in.string();
      else if (type === varint && no === 3) status.code = this.#in.uint32();
      else return false;
      return true;
    });
    return status;
  }

  /** Reads a `KeyValue`, and keeps it if there is room. */
  #attribute(into: OtlpAttribute[], depth = 0): boolean {
    let key = "";
    let value: OtlpValue = null;
    this.#message((no, type) => {
      if (type !== bytes) return false;
      if (no === 1) key = this.#in.string();
      else if (no === 2) value = this.#value(depth);
      else return false;
      return true;
    });
    if (into.length < this.#limits.attributes) into.push({ key, value });
    else this.#extra += 1;
    return true;
  }

  #value(depth: number): OtlpValue {
    if (depth > this.#limits.depth) throw new OtlpUnfitError(`has values deeper than ${this.#limits.depth}`);
    let value: OtlpValue = null;
    this.#message((no, type) => {
      if (type === bytes && no === 1) value = this.#in.string();
      else if (type === varint && no === 2) value = this.#in.bool();
      else if (type === varint && no === 3) value = plain(BigInt(this.#in.int64()));
      else if (type === bit64 && no === 4) value = this.#in.double();
      else if (type === bytes && no === 5) value = this.#array(depth);
      else if (type === bytes && no === 6) value = this.#keyValues(depth);
      else if (type === bytes && no === 7) value = Uint8Array.from(this.#in.bytes());
      else return false;
      return true;
    });
    return value;
  }

  #array(depth: number): OtlpValue[] {
    const values: OtlpValue[] = [];
    this.#message((no, type) => {
      if (no !== 1 || type !== bytes) return false;
      const value = this.#value(depth + 1);
      if (values.length < this.#limits.attributes) values.push(value);
      return true;
    });
    return values;
  }

  #keyValues(depth: number): { keyValues: OtlpAttribute[] } {
    const keyValues: OtlpAttribute[] = [];
    this.#message((no, type) => no === 1 && type === bytes && this.#attribute(keyValues, depth + 1));
    return { keyValues };
  }

  #hex(): string {
    const id = this.#in.bytes();
    return Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString("hex");
  }

  #message(field: (no: number, type: WireType) => boolean): void {
    const length = this.#in.uint32();
    this.#fields(this.#in.pos + length, field);
  }

  /** `field` reads one and says true, or leaves it to be skipped. */
  #fields(end: number, field: (no: number, type: WireType) => boolean): void {
    const input = this.#in;
    if (end > input.len) throw new RangeError("a message goes beyond its end");
    while (input.pos < end) {
      const [no, type] = input.tag();
      if (!field(no, type)) input.skip(type, no);
    }
    if (input.pos !== end) throw new RangeError("a field goes beyond its message");
  }
}

function emptySpan(attributes: OtlpAttribute[], events: OtlpEvent[], links: OtlpLink[]): Mutable<OtlpSpan> {
  return {
    traceId: "",
    spanId: "",
    parentSpanId: "",
    traceState: "",
    name: "",
    kind: 0,
    startTimeUnixNano: 0n,
    endTimeUnixNano: 0n,
    attributes,
    droppedAttributesCount: 0,
    events,
    droppedEventsCount: 0,
    links,
    droppedLinksCount: 0,
    status: { code: 0, message: "" },
    flags: 0,
  };
}

function plain(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
