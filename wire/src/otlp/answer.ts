import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { OtlpAnswer } from "./types.ts";

export const otlpProtobufType = "application/x-protobuf";
export const otlpJsonType = "application/json";

/** `ExportTraceServiceResponse`; empty when all was taken and there is nothing to say. */
export function answerToProtobuf({ rejectedSpans, errorMessage }: OtlpAnswer): Uint8Array<ArrayBuffer> {
  const writer = new BinaryWriter();
  if (rejectedSpans === 0 && errorMessage === "") return writer.finish();
  writer.tag(1, WireType.LengthDelimited).fork();
  if (rejectedSpans !== 0) writer.tag(1, WireType.Varint).int64(rejectedSpans);
  if (errorMessage !== "") writer.tag(2, WireType.LengthDelimited).string(errorMessage);
  return writer.join().finish();
}

export function answerToJson({ rejectedSpans, errorMessage }: OtlpAnswer): string {
  if (rejectedSpans === 0 && errorMessage === "") return "{}";
  return JSON.stringify({ partialSuccess: { rejectedSpans: String(rejectedSpans), errorMessage } });
}

/** How many spans a receiver says it did not take; 0 for an answer that says nothing or cannot be read. */
export function rejectedInAnswer(body: Uint8Array, contentType: string): number {
  try {
    return contentType.startsWith(otlpJsonType) ? rejectedInJson(body) : rejectedInProtobuf(body);
  } catch {
    // It has taken the spans (2xx): what else it says is not worth an error.
    return 0;
  }
}

function rejectedInJson(body: Uint8Array): number {
  const answer = JSON.parse(Buffer.from(body).toString()) as { partialSuccess?: { rejectedSpans?: unknown } } | null;
  const count = Number(answer?.partialSuccess?.rejectedSpans ?? 0);
  return Number.isSafeInteger(count) && count > 0 ? count : 0;
}

function rejectedInProtobuf(body: Uint8Array): number {
  const input = new BinaryReader(body);
  while (input.pos < input.len) {
    const [no, type] = input.tag();
    if (no !== 1 || type !== WireType.LengthDelimited) {
      input.skip(type, no);
      continue;
    }
    const inner = new BinaryReader(input.bytes());
    while (inner.pos < inner.len) {
      const [field, wire] = inner.tag();
      if (field === 1 && wire === WireType.Varint) return Math.max(0, Number(inner.int64()));
      inner.skip(wire, field);
    }
  }
  return 0;
}
