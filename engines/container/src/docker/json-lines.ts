import { StringDecoder } from "node:string_decoder";

/** More without a line end is no event. */
const lineCharsMax = 1_048_576;

/** Takes apart a stream of JSON objects, one a line. Lines that are no JSON are left out. */
export class JsonLines {
  readonly #onValue: (value: unknown) => void;
  readonly #decoder = new StringDecoder("utf8");
  #rest = "";

  constructor(onValue: (value: unknown) => void) {
    this.#onValue = onValue;
  }

  push(chunk: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.write(Buffer.from(chunk))).split("\n");
    this.#rest = lines.pop() ?? "";
    if (this.#rest.length > lineCharsMax) this.#rest = "";
    for (const line of lines) {
      if (line.trim() === "") continue;
      let value: unknown;
      try {
        value = JSON.parse(line);
      } catch {
        continue;
      }
      this.#onValue(value);
    }
  }
}
