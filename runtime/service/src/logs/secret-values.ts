import { maskedValue } from "@holdfast/config";
import { ShownNames } from "./shown-names.ts";

/** Shorter ones stand in ordinary words, too. */
const lengthMin = 6;
/** Of the newest: rotated secrets must not add up. */
const valuesMax = 256;

/** The values that are known to be secret, found wherever they stand, as they are or as JSON, URLs or base64 write them. */
export class SecretValues {
  /** By value: its forms. */
  readonly #known = new Map<string, readonly string[]>();
  /** How names of fields are shown, as long as no other secret is known. */
  names: ShownNames = new ShownNames(this);
  #forms: readonly string[] = [];
  /** One of them is made of digits, so that a number may be it. */
  #hasNumbers = false;

  /** From now on this value is masked. One of fewer than 6 characters is not taken: it is found in ordinary words. */
  add(value: string): void {
    if (value.length < lengthMin || this.#known.has(value)) return;
    const base64 = Buffer.from(value).toString("base64");
    const forms = new Set([
      value,
      JSON.stringify(value).slice(1, -1),
      escaped(value),
      base64,
      base64.replace(/=+$/, ""),
      Buffer.from(value).toString("base64url"),
    ]);
    this.#known.set(value, [...forms]);
    const [oldest] = this.#known.keys();
    if (this.#known.size > valuesMax && oldest !== undefined) this.#known.delete(oldest);
    this.#hasNumbers ||= /^[-\d.]+$/.test(value);
    // The longest first: what a shorter one leaves of a longer one would be readable.
    this.names = new ShownNames(this);
    this.#forms = [...this.#known.values()].flat().toSorted((a, b) => b.length - a.length);
  }

  /** True when the number, as it is written, holds a secret. */
  hasNumber(value: number): boolean {
    return this.#hasNumbers && this.mask(String(value)) !== String(value);
  }

  mask(text: string): string {
    let masked = text;
    for (const form of this.#forms) if (masked.includes(form)) masked = masked.replaceAll(form, maskedValue);
    return masked;
  }
}

function escaped(value: string): string {
  try {
    return encodeURIComponent(value);
  } catch {
    // Half a character is not to be written in a URL.
    return value;
  }
}
