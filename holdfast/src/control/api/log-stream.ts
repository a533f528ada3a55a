import type { Clock } from "@holdfast/kernel";
import type { LogLine } from "@holdfast/wire/control";
import { readMore, readTail, type TailPosition } from "./log-tail.ts";
import type { SseReply } from "./sse-reply.ts";

const followEveryMs = 500;
/** A reader so far behind gets nothing more until it has caught up. */
const behindMax = 512 * 1024;

/** One log file and whose it is. */
export interface LogSource {
  readonly service: string;
  readonly instance: string;
  readonly zone: string;
  readonly file: string;
}

/**
 * Sends the last `tail` lines of each source, then ends; or, with `follow`, goes on with what is written, also by
 * instances that come later, until the reader leaves.
 */
export async function streamLogs(
  clock: Clock,
  reply: SseReply,
  sources: () => readonly LogSource[],
  tail: number,
  follow: boolean,
): Promise<void> {
  const positions = new Map<string, TailPosition>();
  const send = (source: LogSource, lines: readonly string[]): void => {
    const { service, instance, zone } = source;
    for (const text of lines) {
      const line: LogLine = { service, instance, zone, line: text.replaceAll("\r", "") };
      reply.send({ event: "log", data: JSON.stringify(line) });
    }
  };
  for (const source of sources()) {
    const { lines, position } = await readTail(source.file, tail);
    positions.set(source.file, position);
    send(source, lines);
  }
  while (follow && !reply.closed.aborted) {
    try {
      await clock.sleep(followEveryMs, reply.closed);
    } catch {
      return;
    }
    if (reply.behind > behindMax) continue;
    const present = sources();
    for (const source of present) {
      const from = positions.get(source.file) ?? { offset: 0, partial: "" };
      const { lines, position } = await readMore(source.file, from);
      positions.set(source.file, position);
      send(source, lines);
    }
    const files = new Set(present.map((source) => source.file));
    for (const file of positions.keys()) if (!files.has(file)) positions.delete(file);
  }
  reply.end();
}
