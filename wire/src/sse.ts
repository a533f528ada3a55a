/** One server-sent event (WHATWG HTML §9.2). */
export interface SseEvent {
  readonly event: string;
  readonly data: string;
  readonly id?: string;
}

/** The bytes of one event. `data` must not hold a bare carriage return. */
export function encodeSse(event: SseEvent): string {
  const id = event.id === undefined ? "" : `id: ${event.id}\n`;
  return `event: ${event.event}\n${id}data: ${event.data.replaceAll("\n", "\ndata: ")}\n\n`;
}

/** A comment line that keeps idle connections and their timers alive. */
export const sseHeartbeat = ":\n\n";

/**
 * Decodes a stream of text chunks into events.
 *
 * @throws RangeError from `push` when one event grows past `bytesMax` (default 64 MiB): a peer that never ends
 * an event must not fill our memory.
 */
export class SseDecoder {
  #buffer = "";
  readonly #onEvent: (event: SseEvent) => void;
  readonly #charsMax: number;

  constructor(onEvent: (event: SseEvent) => void, charsMax = 64 * 1024 * 1024) {
    this.#onEvent = onEvent;
    this.#charsMax = charsMax;
  }

  push(chunk: string): void {
    this.#buffer += chunk;
    for (;;) {
      const end = /\r?\n\r?\n/.exec(this.#buffer);
      if (end === null) break;
      const block = this.#buffer.slice(0, end.index);
      this.#buffer = this.#buffer.slice(end.index + end[0].length);
      const event = parseBlock(block);
      if (event !== undefined) this.#onEvent(event);
    }
    if (this.#buffer.length > this.#charsMax) throw new RangeError(`an event is longer than ${this.#charsMax}`);
  }
}

function parseBlock(block: string): SseEvent | undefined {
  let event = "message";
  let id: string | undefined;
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (colon === 0) continue;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") event = value;
    else if (field === "id") id = value;
    else if (field === "data") data.push(value);
  }
  if (data.length === 0) return undefined;
  return id === undefined ? { event, data: data.join("\n") } : { event, data: data.join("\n"), id };
}
