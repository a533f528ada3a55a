export { answerToJson, answerToProtobuf, otlpJsonType, otlpProtobufType, rejectedInAnswer } from "./answer.ts";
export { type OtlpLimits, OtlpUnfitError, otlpLimits } from "./limits.ts";
export { tracesFromJson } from "./read-json.ts";
export { tracesFromProtobuf } from "./read-protobuf.ts";
export type {
  OtlpAnswer,
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
export { tracesToJson } from "./write-json.ts";
export { tracesToProtobuf } from "./write-protobuf.ts";
