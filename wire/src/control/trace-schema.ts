import { z } from "zod";
import type { TraceDetail, TraceEvent, TraceList, TraceLogLine, TraceSpan, TraceSummary } from "../traces.ts";

/** Shapes of control's traces API. */

const attributes = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));
const traceId = z.string().describe("32 hex digits");

const summary = {
  traceId,
  operation: z.string().describe("Name of its first span: what was asked."),
  service: z.string().describe("Of whom it was asked."),
  startedAt: z.string(),
  durationMs: z.number(),
  spans: z.int(),
  errors: z.int(),
  services: z.array(z.object({ name: z.string(), spans: z.int(), errors: z.int() })),
  kept: z.enum(["sampled", "error", "slow"]),
};

const traceSummarySchema: z.ZodType<TraceSummary> = z.object(summary).meta({ id: "TraceSummary" });

export const traceListSchema: z.ZodType<TraceList> = z
  .object({
    traces: z.array(traceSummarySchema),
    store: z.object({
      traces: z.int(),
      spans: z.int(),
      bytes: z.int(),
      bytesMax: z.int(),
      since: z.string().nullable(),
      refused: z.int(),
      letGo: z.int(),
      services: z.array(z.string()),
    }),
  })
  .meta({ id: "TraceList" });

const traceEventSchema: z.ZodType<TraceEvent> = z.object({ name: z.string(), atMs: z.number(), attributes });

const traceSpanSchema: z.ZodType<TraceSpan> = z
  .object({
    spanId: z.string(),
    parentSpanId: z.string(),
    orphan: z.boolean(),
    depth: z.int(),
    name: z.string(),
    kind: z.enum(["internal", "server", "client", "producer", "consumer"]),
    service: z.string(),
    instance: z.string(),
    zone: z.string(),
    startMs: z.number(),
    durationMs: z.number(),
    selfMs: z.number(),
    critical: z.boolean(),
    error: z.boolean(),
    message: z.string(),
    attributes,
    events: z.array(traceEventSchema),
  })
  .meta({ id: "TraceSpan" });

export const traceDetailSchema: z.ZodType<TraceDetail> = z
  .object({ ...summary, tree: z.array(traceSpanSchema).describe("In the order of a waterfall.") })
  .meta({ id: "TraceDetail" });

export const traceLogsSchema: z.ZodType<readonly TraceLogLine[]> = z.array(
  z
    .object({ service: z.string(), instance: z.string(), at: z.string(), spanId: z.string(), text: z.string() })
    .meta({ id: "TraceLogLine" }),
);
