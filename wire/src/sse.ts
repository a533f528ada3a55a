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

/** The longest end of an event is `\r\n\r\n`; all of it but its last character may stand at the end of a chunk. */
const endCharsMax = 4;

/**
 * Decodes a stream of text chunks into events; each character is looked at once, however many chunks an event takes.
 *
 * @throws RangeError from `push` when one event grows past `charsMax` (default 64 Mi): a peer that never ends an event
 * must not fill our memory.
 */
export class SseDecoder {
  /** The beginning of an event whose end has not come; none of it but the last characters is looked at again. */
  #parts: string[] = [];
  #chars = 0;
  #rest = "";
  readonly #onEvent: (event: SseEvent) => void;
  readonly #charsMax: number;

  constructor(onEvent: (event: SseEvent) => void, charsMax = 64 * 1024 * 1024) {
    this.#onEvent = onEvent;
    this.#charsMax = charsMax;
  }

  push(chunk: string): void {
    let text = this.#rest + chunk;
    for (;;) {
      const end = /\r?\n\r?\n/.exec(text);
      if (end === null) break;
      this.#check(end.index);
      const block = this.#parts.join("") + text.slice(0, end.index);
      this.#parts = [];
      this.#chars = 0;
      text = text.slice(end.index + end[0].length);
      this.#rest = text;
      const event = parseBlock(block);
      if (event !== undefined) this.#onEvent(event);
    }
    this.#check(text.length);
    const settled = Math.max(0, text.length - endCharsMax);
    if (settled > 0) this.#parts.push(text.slice(0, settled));
    this.#chars += settled;
    this.#rest = text.slice(settled);
  }

  #check(more: number): void {
    if (this.#chars + more > this.#charsMax) throw new RangeError(`an event is longer than ${this.#charsMax}`);
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
