import { PlatformError } from "@holdfast/kernel";

/** What both formats are read into before they mean anything: texts, numbers, booleans, lists and maps of such. */
export type Fields = ReadonlyMap<string, unknown>;

/** @throws PlatformError `BODY_INVALID` (400), always. */
export function refuse(reason: string): never {
  throw new PlatformError("BODY_INVALID", reason, { status: 400 });
}

export function fieldsOf(value: unknown, path: string): Fields {
  return value instanceof Map ? (value as Fields) : refuse(`${path}: must be an object`);
}

/** A list; a single object where a list belongs is a list of one (Eureka's servers before 1.2 wrote so). */
export function listOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null || value === "") return [];
  return Array.isArray(value) ? (value as readonly unknown[]) : [value];
}

const textCharsMax = 16 * 1024;

/** Numbers and booleans count as their text; nothing, null and an object count as nothing. */
export function textOf(fields: Fields, name: string, path: string): string | undefined {
  const value = fields.get(name);
  if (value === undefined || value === null) return undefined;
  if (value instanceof Map) {
    // An XML element with an attribute has its text inside.
    const inner: unknown = (value as Fields).get("$");
    return typeof inner === "string" ? inner : undefined;
  }
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") return undefined;
  const text = String(value);
  if (text.length > textCharsMax) refuse(`${path}.${name}: is longer than ${textCharsMax} characters`);
  return text;
}

/** A number, also one in quotes; `undefined` for none. @throws PlatformError for what is no number. */
export function numberOf(fields: Fields, name: string, path: string): number | undefined {
  const text = textOf(fields, name, path)?.trim();
  if (text === undefined || text === "") return undefined;
  const number = Number(text);
  return Number.isSafeInteger(Math.trunc(number))
    ? Math.trunc(number)
    : refuse(`${path}.${name}: ${text.slice(0, 40)} is not a number`);
}

/** As {@link numberOf}, for what is an `int` in Java: a larger one would keep its readers from reading anything. */
export function wholeOf(fields: Fields, name: string, path: string): number | undefined {
  const number = numberOf(fields, name, path);
  if (number === undefined || (number | 0) === number) return number;
  return refuse(`${path}.${name}: ${number} is out of the range of int`);
}

/** `true` and `"true"`; anything else is false; `undefined` for none. */
export function flagOf(fields: Fields, name: string, path: string): boolean | undefined {
  const text = textOf(fields, name, path);
  return text === undefined ? undefined : text.trim().toLowerCase() === "true";
}
