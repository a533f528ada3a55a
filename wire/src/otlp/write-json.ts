import type { OtlpAttribute, OtlpSpan, OtlpTraces, OtlpValue } from "./types.ts";

/** `ExportTraceServiceRequest` in OTLP's JSON: ids as hex, 64-bit numbers as strings, enums as numbers. */
export function tracesToJson({ resourceSpans }: OtlpTraces): string {
  return JSON.stringify({
    resourceSpans: resourceSpans.map(({ resource, scopeSpans, schemaUrl }) => ({
      resource: { attributes: attributesJson(resource.attributes) },
      scopeSpans: scopeSpans.map(({ scope, spans, schemaUrl: scopeSchemaUrl }) => ({
        scope: { name: scope.name, version: scope.version, attributes: attributesJson(scope.attributes) },
        spans: spans.map(spanJson),
        schemaUrl: scopeSchemaUrl,
      })),
      schemaUrl,
    })),
  });
}

function spanJson({ startTimeUnixNano, endTimeUnixNano, attributes, events, links, ...rest }: OtlpSpan): object {
  return {
    ...rest,
    startTimeUnixNano: String(startTimeUnixNano),
    endTimeUnixNano: String(endTimeUnixNano),
    attributes: attributesJson(attributes),
    events: events.map(({ timeUnixNano, attributes: ofEvent, ...event }) => ({
      ...event,
      timeUnixNano: String(timeUnixNano),
      attributes: attributesJson(ofEvent),
    })),
    links: links.map(({ attributes: ofLink, ...link }) => ({ ...link, attributes: attributesJson(ofLink) })),
  };
}

function attributesJson(attributes: readonly OtlpAttribute[]): object[] {
  return attributes.map(({ key, value }) => ({ key, value: valueJson(value) }));
}

function valueJson(value: OtlpValue): object {
  if (value === null) return {};
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "bigint") return { intValue: String(BigInt.asIntN(64, value)) };
  if (typeof value === "number") return numberJson(value);
  if (value instanceof Uint8Array) return { bytesValue: Buffer.from(value).toString("base64") };
  if ("keyValues" in value) return { kvlistValue: { values: attributesJson(value.keyValues) } };
  return { arrayValue: { values: value.map(valueJson) } };
}

/** Proto3 JSON writes what JSON has no number for as a string. */
function numberJson(value: number): object {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return { intValue: String(value) };
  if (Number.isFinite(value)) return { doubleValue: value };
  return { doubleValue: Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity" };
}
