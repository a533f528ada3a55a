import { type OtlpLimits, OtlpUnfitError, otlpLimits } from "./limits.ts";
import type { OtlpAttribute, OtlpEvent, OtlpLink, OtlpSpan, OtlpTraces, OtlpValue } from "./types.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads `ExportTraceServiceRequest` in OTLP's JSON. Unknown fields are skipped; a known one of another type counts as not
 * set, but for times and ids, which are refused.
 *
 * @throws OtlpUnfitError for what is no JSON, no object, has too many spans, or values that lie too deep in each other.
 */
export function tracesFromJson(text: string, limits: OtlpLimits = otlpLimits): OtlpTraces {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new OtlpUnfitError("is no JSON", error);
  }
  if (!isFields(parsed)) throw new OtlpUnfitError("is no JSON object");
  return new TracesReader(limits).read(parsed);
}

class TracesReader {
  readonly #limits: OtlpLimits;
  #spansLeft: number;

  constructor(limits: OtlpLimits) {
    this.#limits = limits;
    this.#spansLeft = limits.spans;
  }

  read(message: Fields): OtlpTraces {
    return {
      resourceSpans: objects(message["resourceSpans"]).map((one) => ({
        resource: { attributes: this.#attributes(fieldsOf(one["resource"])) },
        scopeSpans: objects(one["scopeSpans"]).map((scoped) => {
          const scope = fieldsOf(scoped["scope"]);
          return {
            scope: { name: text(scope["name"]), version: text(scope["version"]), attributes: this.#attributes(scope) },
            spans: objects(scoped["spans"]).map((span) => this.#span(span)),
            schemaUrl: text(scoped["schemaUrl"]),
          };
        }),
        schemaUrl: text(one["schemaUrl"]),
      })),
    };
  }

  #span(span: Fields): OtlpSpan {
    if (this.#spansLeft === 0) throw new OtlpUnfitError(`has more than ${this.#limits.spans} spans`);
    this.#spansLeft -= 1;
    const { events: eventsMax } = this.#limits;
    const events = objects(span["events"]);
    const links = objects(span["links"]);
    const status = fieldsOf(span["status"]);
    return {
      traceId: hex(span["traceId"]),
      spanId: hex(span["spanId"]),
      parentSpanId: hex(span["parentSpanId"]),
      traceState: text(span["traceState"]),
      name: text(span["name"]),
      kind: whole(span["kind"]),
      startTimeUnixNano: nanos(span["startTimeUnixNano"]),
      endTimeUnixNano: nanos(span["endTimeUnixNano"]),
      attributes: this.#attributes(span),
      droppedAttributesCount: whole(span["droppedAttributesCount"]) + this.#extra(span),
      events: events.slice(0, eventsMax).map((event) => this.#event(event)),
      droppedEventsCount: whole(span["droppedEventsCount"]) + Math.max(0, events.length - eventsMax),
      links: links.slice(0, eventsMax).map((link) => this.#link(link)),
      droppedLinksCount: whole(span["droppedLinksCount"]) + Math.max(0, links.length - eventsMax),
      status: { code: whole(status["code"]), message: text(status["message"]) },
      flags: whole(span["flags"]),
    };
  }

  #event(event: Fields): OtlpEvent {
    return {
      timeUnixNano: nanos(event["timeUnixNano"]),
      name: text(event["name"]),
      attributes: this.#attributes(event),
      droppedAttributesCount: whole(event["droppedAttributesCount"]) + this.#extra(event),
    };
  }

  #link(link: Fields): OtlpLink {
    return {
      traceId: hex(link["traceId"]),
      spanId: hex(link["spanId"]),
      traceState: text(link["traceState"]),
      attributes: this.#attributes(link),
      droppedAttributesCount: whole(link["droppedAttributesCount"]) + this.#extra(link),
      flags: whole(link["flags"]),
    };
  }

  /** How many attributes go beyond the limit. */
  #extra(owner: Fields): number {
    return Math.max(0, objects(owner["attributes"]).length - this.#limits.attributes);
  }

  #attributes(owner: Fields, key = "attributes", depth = 0): OtlpAttribute[] {
    return objects(owner[key])
      .slice(0, this.#limits.attributes)
      .map((one) => ({ key: text(one["key"]), value: this.#value(fieldsOf(one["value"]), depth) }));
  }

  #value(value: Fields, depth: number): OtlpValue {
    if (depth > this.#limits.depth) throw new OtlpUnfitError(`has values deeper than ${this.#limits.depth}`);
    const { stringValue, boolValue, intValue, doubleValue, bytesValue, arrayValue, kvlistValue } = value;
    if (typeof stringValue === "string") return stringValue;
    if (typeof boolValue === "boolean") return boolValue;
    if (intValue !== undefined) return int(intValue);
    if (typeof doubleValue === "number" || typeof doubleValue === "string") return Number(doubleValue);
    if (typeof bytesValue === "string") return new Uint8Array(Buffer.from(bytesValue, "base64"));
    if (isFields(arrayValue)) {
      const all = objects(arrayValue["values"]).slice(0, this.#limits.attributes);
      return all.map((one) => this.#value(one, depth + 1));
    }
    if (isFields(kvlistValue)) return { keyValues: this.#attributes(kvlistValue, "values", depth + 1) };
    return null;
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}

function objects(value: unknown): Fields[] {
  return Array.isArray(value) ? value.filter(isFields) : [];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** From 0 to 2³² − 1; anything else counts as not set. */
function whole(value: unknown): number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 0xffffffff ? value : 0;
}

function hex(value: unknown): string {
  const id = text(value);
  if (id.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(id)) throw new OtlpUnfitError("has an id that is no hex");
  return id.toLowerCase();
}

const wholeNumber = /^-?\d{1,20}$/;

function nanos(value: unknown): bigint {
  if (value === undefined) return 0n;
  const read = typeof value === "string" && wholeNumber.test(value) ? BigInt(value) : wholeBigInt(value);
  if (read === undefined || read < 0n) throw new OtlpUnfitError("has a time that is no whole number of nanoseconds");
  return BigInt.asUintN(64, read);
}

function int(value: unknown): number | bigint | null {
  const read = typeof value === "string" && wholeNumber.test(value) ? BigInt(value) : wholeBigInt(value);
  if (read === undefined) return null;
  const number = Number(read);
  return Number.isSafeInteger(number) ? number : BigInt.asIntN(64, read);
}

function wholeBigInt(value: unknown): bigint | undefined {
  return typeof value === "number" && Number.isInteger(value) ? BigInt(value) : undefined;
}
