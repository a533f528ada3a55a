import type { TraceDetail, TraceList, TraceLogLine } from "@holdfast/wire";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { call } from "./http.ts";

const everyMs = 2_000;
/** Spans come for some seconds after the answer has gone. */
const detailEveryMs = 5_000;

/** As the address bar has them: all texts. */
export interface TracesAsked {
  readonly service?: string;
  readonly minMs?: string;
  readonly errors?: string;
  readonly limit?: string;
}

export const tracesResource = (asked: TracesAsked) =>
  queryOptions({
    queryKey: ["traces", asked],
    queryFn: () => call<TraceList>("GET", `${ControlPaths.traces}?${new URLSearchParams({ ...asked }).toString()}`),
    refetchInterval: everyMs,
    staleTime: everyMs,
    // Whoever types goes on seeing what there was.
    placeholderData: keepPreviousData,
  });

export const traceResource = (id: string) =>
  queryOptions({
    queryKey: ["trace", id],
    queryFn: () => call<TraceDetail>("GET", ControlPaths.trace(id)),
    refetchInterval: detailEveryMs,
    staleTime: detailEveryMs,
  });

export const traceLogsResource = (id: string) =>
  queryOptions({
    queryKey: ["trace-logs", id],
    queryFn: () => call<readonly TraceLogLine[]>("GET", ControlPaths.traceLogs(id)),
    refetchInterval: detailEveryMs,
    staleTime: detailEveryMs,
  });
