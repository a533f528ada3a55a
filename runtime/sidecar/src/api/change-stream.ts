import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "@holdfast/kernel";
import { encodeSse, sseHeartbeat } from "@holdfast/wire";
import { sendProblem } from "./send.ts";

/** Something made of named parts that change one by one. */
export interface ChangeSource {
  /** Calls `onChange` with the names that changed; returns the way to stop. */
  subscribe(onChange: (names: Iterable<string>) => void): () => void;
  /** The event `snapshot`: all there is now, of what `wants` lets through. */
  snapshot(wants: (name: string) => boolean): unknown;
  /** The event `change`: how one part stands now. */
  part(name: string): unknown;
}

const heartbeatMs = 10_000;
/** Readers of one stream at a time: a parent has one, its tools a few. */
const readersMax = 64;

/**
 * Server-sent events of what changes: a snapshot, then each part as it stands. A reader that does not keep up misses the
 * states in between and gets the present one; nothing piles up for it.
 */
export class ChangeStream {
  readonly #clock: Clock;
  readonly #source: ChangeSource;
  readonly #readers = new Set<ServerResponse>();

  constructor(clock: Clock, source: ChangeSource) {
    this.#clock = clock;
    this.#source = source;
  }

  /** `only`: the names of interest; empty for all. */
  open(req: IncomingMessage, res: ServerResponse, only: readonly string[]): void {
    if (this.#readers.size >= readersMax) {
      req.resume();
      return sendProblem(res, 503, "STREAMS_EXHAUSTED", `${readersMax} readers are connected already`);
    }
    this.#readers.add(res);
    res.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache, no-store" });
    const names = new Set(only);
    const wants = (name: string): boolean => names.size === 0 || names.has(name);
    const changed = new Set<string>();
    const flush = (): void => {
      for (const name of changed) {
        if (res.writableNeedDrain || res.destroyed) return;
        changed.delete(name);
        res.write(encodeSse({ event: "change", data: JSON.stringify(this.#source.part(name)) }));
      }
    };
    res.write(encodeSse({ event: "snapshot", data: JSON.stringify(this.#source.snapshot(wants)) }));
    const leave = this.#source.subscribe((all) => {
      for (const name of all) if (wants(name)) changed.add(name);
      flush();
    });
    const beat = this.#clock.every(heartbeatMs, () => {
      if (!res.writableNeedDrain) res.write(sseHeartbeat);
    });
    res.on("drain", flush);
    res.on("error", () => {});
    res.once("close", () => {
      leave();
      beat.cancel();
      this.#readers.delete(res);
    });
  }

  /** Ends all of them. */
  close(): void {
    for (const res of this.#readers) res.end();
  }
}
