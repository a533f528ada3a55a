import type { TraceLogLine } from "@holdfast/wire";
import type { LogSource } from "../control/api/log-stream.ts";
import { readTail } from "../control/api/log-tail.ts";

const linesMax = 500;
/** Of each file so many of the last lines are looked at (of its last 256 KiB). */
const tailMax = 5_000;
const parallelMax = 8;
const timePattern = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/;

/** The lines of these logs that carry the trace's id, by their time. Whatever their form: an id is found in any line. */
export async function logsOfTrace(
  traceId: string,
  spanIds: readonly string[],
  sources: readonly LogSource[],
): Promise<TraceLogLine[]> {
  const found: TraceLogLine[] = [];
  const rest = [...sources];
  const readers = Array.from({ length: parallelMax }, async () => {
    for (let source = rest.pop(); source !== undefined; source = rest.pop()) {
      const { service, instance, file } = source;
      const { lines } = await readTail(file, tailMax);
      for (const text of lines) {
        if (!text.includes(traceId)) continue;
        const spanId = spanIds.find((id) => text.includes(id)) ?? "";
        found.push({ service, instance, at: timePattern.exec(text)?.[0] ?? "", spanId, text });
      }
    }
  });
  await Promise.all(readers);
  return found.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)).slice(0, linesMax);
}
