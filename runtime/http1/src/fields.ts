import { PlatformError } from "@holdfast/kernel";
import { type FieldKind, fieldKind } from "./field-kind.ts";
import { isFieldValue, isToken } from "./grammar.ts";

/** Numbers per field in `spots`: where its name and its value begin and end, and its kind. */
const stride = 5;
/** In place of where a name begins: the field was taken out. */
const gone = -1;

/**
 * The fields of one message: positions in the text they came in, plus what was added. Reading one makes one string;
 * passing all on copies whole runs of lines. Names are compared without case; values are latin1, as on the wire.
 */
export class Fields {
  readonly #text: string;
  readonly #spots: number[];
  /** Where the lines end. */
  readonly #end: number;
  /** Names (lower case) and values, in turns. */
  #added: string[] | undefined;
  #addedText = "";

  /** For parsers: `spots` holds five numbers a field; lines lie one behind the other and end at `end`. */
  constructor(text: string, spots: number[], end: number) {
    this.#text = text;
    this.#spots = spots;
    this.#end = end;
  }

  /**
   * Fields that were made rather than received.
   *
   * @throws PlatformError HTTP_FIELD_UNSENDABLE for a name or a value that would break the message.
   */
  static from(entries: Iterable<readonly [string, string]> = []): Fields {
    const fields = new Fields("", [], 0);
    for (const [name, value] of entries) fields.append(name, value);
    return fields;
  }

  /** The value of `name` (lower case); several are joined by ", ", as RFC 9110 §5.3 has it. */
  get(name: string): string | undefined {
    let found: string | undefined;
    for (let at = 0; at < this.#spots.length; at += stride)
      if (this.#isNamed(at, name)) found = found === undefined ? this.#valueAt(at) : `${found}, ${this.#valueAt(at)}`;
    if (this.#added !== undefined)
      for (let at = 0; at < this.#added.length; at += 2)
        if (this.#added[at] === name)
          found = found === undefined ? this.#added[at + 1] : `${found}, ${this.#added[at + 1]}`;
    return found;
  }

  /** Each value of `name` (lower case) on its own: what `Set-Cookie` needs. */
  all(name: string): string[] {
    return [...this].filter(([one]) => one === name).map(([, value]) => value);
  }

  has(name: string): boolean {
    for (let at = 0; at < this.#spots.length; at += stride) if (this.#isNamed(at, name)) return true;
    return this.#added?.some((one, at) => at % 2 === 0 && one === name) ?? false;
  }

  /** Adds a line. */
  append(name: string, value: string): void {
    if (!isToken(name) || !isFieldValue(value))
      throw new PlatformError("HTTP_FIELD_UNSENDABLE", `field ${JSON.stringify(name)}: would break the message`, {
        next: "Use a token as its name and a value without CR, LF, NUL and signs beyond latin1.",
      });
    this.#added ??= [];
    this.#added.push(name.toLowerCase(), value);
    this.#addedText += `${name}: ${value}\r\n`;
  }

  /** Puts one line in the place of all of that name. */
  set(name: string, value: string): void {
    this.remove(name.toLowerCase());
    this.append(name, value);
  }

  /** Takes out all lines of `name` (lower case). */
  remove(name: string): void {
    for (let at = 0; at < this.#spots.length; at += stride) if (this.#isNamed(at, name)) this.#spots[at] = gone;
    const added = this.#added;
    if (added === undefined || !this.has(name)) return;
    this.#added = undefined;
    this.#addedText = "";
    for (let at = 0; at < added.length; at += 2)
      if (added[at] !== name) this.append(added[at] ?? "", added[at + 1] ?? "");
  }

  /** Names in lower case and values, in the order they came. */
  *[Symbol.iterator](): Generator<readonly [string, string]> {
    for (let at = 0; at < this.#spots.length; at += stride)
      if (this.#spots[at] !== gone)
        yield [this.#text.slice(this.#spots[at], this.#spots[at + 1]).toLowerCase(), this.#valueAt(at)];
    const added = this.#added ?? [];
    for (let at = 0; at < added.length; at += 2) yield [added[at] ?? "", added[at + 1] ?? ""];
  }

  /** How many lines of the kind came. */
  countOf(kind: FieldKind): number {
    let count = 0;
    for (let at = 4; at < this.#spots.length; at += stride)
      if (this.#spots[at] === kind && this.#spots[at - 4] !== gone) count++;
    return count;
  }

  /** The value of the only line of the kind; of several, the first. */
  valueOf(kind: FieldKind): string {
    for (let at = 0; at < this.#spots.length; at += stride)
      if (this.#spots[at + 4] === kind && this.#spots[at] !== gone) return this.#valueAt(at);
    return "";
  }

  /** White space stands between the only value of the kind and the end of its line. */
  isPadded(kind: FieldKind): boolean {
    for (let at = 0; at < this.#spots.length; at += stride)
      if (this.#spots[at + 4] === kind && this.#text.charCodeAt(this.#spots[at + 3] ?? 0) !== 0x0d) return true;
    return false;
  }

  /**
   * All lines that go on to the next connection, each as `name: value CRLF`. Fields of one connection and of framing
   * stay behind: who sends the message writes its own. `host` goes on where `keep` has it, `trailer` likewise.
   */
  onward(keepHost: boolean, keepTrailer: boolean): string {
    const spots = this.#spots;
    const text = this.#text;
    let out = "";
    let runStart = 0;
    let runEnd = 0;
    for (let at = 0; at < spots.length; at += stride) {
      const start = spots[at] ?? gone;
      if (start === gone || !goesOn(spots[at + 4] ?? 0, keepHost, keepTrailer)) continue;
      const nameEnd = spots[at + 1] ?? 0;
      const valueEnd = spots[at + 3] ?? 0;
      if (
        spots[at + 2] === nameEnd + 2 &&
        text.charCodeAt(valueEnd) === 0x0d &&
        text.charCodeAt(nameEnd + 1) === 0x20
      ) {
        if (start !== runEnd) {
          if (runEnd > runStart) out += text.slice(runStart, runEnd);
          runStart = start;
        }
        runEnd = valueEnd + 2;
        continue;
      }
      // White space of its sender's own taste goes on as one space before, none behind.
      if (runEnd > runStart) out += text.slice(runStart, runEnd);
      out += `${text.slice(start, nameEnd)}: ${text.slice(spots[at + 2], valueEnd)}\r\n`;
      runStart = runEnd = 0;
    }
    if (runEnd > runStart) out += text.slice(runStart, Math.min(runEnd, this.#end));
    return this.#addedText === "" ? out : out + this.#addedText;
  }

  #isNamed(at: number, name: string): boolean {
    const start = this.#spots[at] ?? gone;
    const end = this.#spots[at + 1] ?? 0;
    if (start === gone || end - start !== name.length) return false;
    return this.#text.slice(start, end).toLowerCase() === name;
  }

  #valueAt(at: number): string {
    return this.#text.slice(this.#spots[at + 2], this.#spots[at + 3]);
  }
}

function goesOn(kind: number, keepHost: boolean, keepTrailer: boolean): boolean {
  if (kind === fieldKind.other) return true;
  return (kind === fieldKind.host && keepHost) || (kind === fieldKind.trailer && keepTrailer);
}
