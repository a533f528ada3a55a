import type { Clock } from "@holdfast/kernel";
import { traceDetailSchema, traceListSchema, traceLogsSchema } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { z } from "zod";
import type { TraceHouse } from "../../traces/trace-house.ts";
import type { Call, Route } from "./route.ts";

interface TraceParts {
  readonly clock: Clock;
  readonly traces: TraceHouse;
}

const text = z.string().min(1).max(512);
const flag = z.enum(["0", "1", "true", "false"]).transform((given) => given === "1" || given === "true");
const whole = (min: number, max: number): z.ZodType<number> => z.coerce.number<string>().int().min(min).max(max);

const listQuery = z.object({
  service: text.optional().describe("Traces with a span of this service."),
  operation: text.optional().describe("… and of this name; without a service: that began with it."),
  minMs: z.coerce.number<string>().min(0).max(86_400_000).optional().describe("That took at least so many ms."),
  errors: flag.optional().describe("1: only those in which something failed."),
  seconds: whole(1, 86_400).optional().describe("That began so many seconds ago at most; default: all."),
  limit: whole(1, 500).optional().describe("The newest so many; default 50."),
});
const defaultLimit = 50;

/** Traces that are kept, one of them, and the log lines that carry its id. */
export function traceRoutes({ clock, traces }: TraceParts): Route[] {
  const idOf = ({ params }: Call): string => params["id"] ?? "";
  return [
    {
      method: "GET",
      path: ControlPaths.traces,
      operationId: "listTraces",
      summary: "Traces that are kept, newest first, and what the store holds",
      query: listQuery,
      status: 200,
      answer: { schema: traceListSchema },
      codes: [],
      handle: ({ query }) => {
        const { service, operation, minMs, errors, seconds, limit } = query as z.output<typeof listQuery>;
        const sinceMs = seconds === undefined ? undefined : clock.wallMs() - seconds * 1_000;
        const asked = { service, operation, minDurationMs: minMs, errorsOnly: errors, sinceMs };
        return { traces: traces.store.list({ ...asked, limit: limit ?? defaultLimit }), store: traces.store.view() };
      },
    },
    {
      method: "GET",
      path: "/v1/traces/{id}",
      operationId: "getTrace",
      summary: "One trace as a waterfall, by its id, by the beginning of it, or by the id of a request in it",
      status: 200,
      answer: { schema: traceDetailSchema },
      codes: ["TRACE_UNKNOWN"],
      handle: (call) => traces.find(idOf(call)),
    },
    {
      method: "GET",
      path: "/v1/traces/{id}/logs",
      operationId: "getTraceLogs",
      summary: "Lines of the logs of its services that carry the id of this trace",
      status: 200,
      answer: { schema: traceLogsSchema },
      codes: ["TRACE_UNKNOWN"],
      handle: (call) => traces.logs(idOf(call)),
    },
  ];
}
