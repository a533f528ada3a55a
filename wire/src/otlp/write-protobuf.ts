import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { OtlpAttribute, OtlpEvent, OtlpLink, OtlpSpan, OtlpTraces, OtlpValue } from "./types.ts";

const { Bit32, Bit64, LengthDelimited, Varint } = WireType;

/** `ExportTraceServiceRequest` in protobuf. */
export function tracesToProtobuf({ resourceSpans }: OtlpTraces): Uint8Array<ArrayBuffer> {
  const writer = new BinaryWriter();
  for (const { resource, scopeSpans, schemaUrl } of resourceSpans) {
    writer.tag(1, LengthDelimited).fork();
    writer.tag(1, LengthDelimited).fork();
    attributes(writer, 1, resource.attributes);
    writer.join();
    for (const { scope, spans, schemaUrl: scopeSchemaUrl } of scopeSpans) {
      writer.tag(2, LengthDelimited).fork();
      writer.tag(1, LengthDelimited).fork();
      text(writer, 1, scope.name);
      text(writer, 2, scope.version);
      attributes(writer, 3, scope.attributes);
      writer.join();
      for (const one of spans) span(writer, one);
      text(writer, 3, scopeSchemaUrl);
      writer.join();
    }
    text(writer, 3, schemaUrl);
    writer.join();
  }
  return writer.finish();
}

function span(writer: BinaryWriter, one: OtlpSpan): void {
  writer.tag(2, LengthDelimited).fork();
  hex(writer, 1, one.traceId);
  hex(writer, 2, one.spanId);
  text(writer, 3, one.traceState);
  hex(writer, 4, one.parentSpanId);
  text(writer, 5, one.name);
  whole(writer, 6, one.kind);
  writer.tag(7, Bit64).fixed64(one.startTimeUnixNano);
  writer.tag(8, Bit64).fixed64(one.endTimeUnixNano);
  attributes(writer, 9, one.attributes);
  whole(writer, 10, one.droppedAttributesCount);
  for (const each of one.events) event(writer, each);
  whole(writer, 12, one.droppedEventsCount);
  for (const each of one.links) link(writer, each);
  whole(writer, 14, one.droppedLinksCount);
  if (one.status.code !== 0 || one.status.message !== "") {
    writer.tag(15, LengthDelimited).fork();
    text(writer, 2, one.status.message);
    whole(writer, 3, one.status.code);
    writer.join();
  }
  if (one.flags !== 0) writer.tag(16, Bit32).fixed32(one.flags);
  writer.join();
}

function event(writer: BinaryWriter, one: OtlpEvent): void {
  writer.tag(11, LengthDelimited).fork();
  writer.tag(1, Bit64).fixed64(one.timeUnixNano);
  text(writer, 2, one.name);
  attributes(writer, 3, one.attributes);
  whole(writer, 4, one.droppedAttributesCount);
  writer.join();
}

function link(writer: BinaryWriter, one: OtlpLink): void {
  writer.tag(13, LengthDelimited).fork();
  hex(writer, 1, one.traceId);
  hex(writer, 2, one.spanId);
  text(writer, 3, one.traceState);
  attributes(writer, 4, one.attributes);
  whole(writer, 5, one.droppedAttributesCount);
  if (one.flags !== 0) writer.tag(6, Bit32).fixed32(one.flags);
  writer.join();
}

function attributes(writer: BinaryWriter, field: number, all: readonly OtlpAttribute[]): void {
  for (const { key, value } of all) {
    writer.tag(field, LengthDelimited).fork();
    text(writer, 1, key);
    valueIn(writer, 2, value);
    writer.join();
  }
}

function valueIn(writer: BinaryWriter, field: number, value: OtlpValue): void {
  writer.tag(field, LengthDelimited).fork();
  anyValue(writer, value);
  writer.join();
}

/** A member of a `oneof` is written even when it is empty or 0: that is how it is told from one that is not set. */
function anyValue(writer: BinaryWriter, value: OtlpValue): void {
  if (value === null) return;
  if (typeof value === "string") writer.tag(1, LengthDelimited).string(value);
  else if (typeof value === "boolean") writer.tag(2, Varint).bool(value);
  else if (typeof value === "bigint") writer.tag(3, Varint).int64(BigInt.asIntN(64, value));
  else if (typeof value === "number") {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) writer.tag(3, Varint).int64(value);
    else writer.tag(4, Bit64).double(value);
  } else if (value instanceof Uint8Array) writer.tag(7, LengthDelimited).bytes(value);
  else if ("keyValues" in value) {
    writer.tag(6, LengthDelimited).fork();
    attributes(writer, 1, value.keyValues);
    writer.join();
  } else {
    writer.tag(5, LengthDelimited).fork();
    for (const each of value) valueIn(writer, 1, each);
    writer.join();
  }
}

function text(writer: BinaryWriter, field: number, value: string): void {
  if (value !== "") writer.tag(field, LengthDelimited).string(value);
}

function whole(writer: BinaryWriter, field: number, value: number): void {
  if (value !== 0) writer.tag(field, Varint).uint32(value);
}

function hex(writer: BinaryWriter, field: number, value: string): void {
  if (value !== "") writer.tag(field, LengthDelimited).bytes(Buffer.from(value, "hex"));
}
