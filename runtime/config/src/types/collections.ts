import type { Value } from "../core/layers.ts";
import { text } from "./scalars.ts";
import type { ReadKey, ValueType } from "./value-type.ts";

/** `a,b,c`, or a JSON list; one bad element and it is none. */
export function list<T>(of: ValueType<T>): ValueType<readonly T[]> {
  return {
    expected: `a list of items with commas between them, each ${of.expected}`,
    decode: (value, read) => elements(value, of, read),
    same: (a, b) => a.length === b.length && a.every((one, i) => same(of, one, b[i])),
  };
}

/** As {@link list}, each once. */
export function set<T>(of: ValueType<T>): ValueType<ReadonlySet<T>> {
  return {
    expected: `a list of items with commas between them, each ${of.expected}`,
    decode: (value, read) => {
      const all = elements(value, of, read);
      return all === undefined ? undefined : new Set(all);
    },
    same: (a, b) => a.size === b.size && [...a].every((one) => b.has(one)),
  };
}

/** `a=1,b=2` or `a=1;b=2`, or a JSON object. */
export function map<T>(of: ValueType<T>): ValueType<ReadonlyMap<string, T>> {
  return {
    expected: `pairs such as a=…,b=…, each ${of.expected}`,
    decode: (value, read) => {
      const pairs = pairsOf(String(value).trim());
      if (pairs === undefined) return undefined;
      const read1 = pairs.map(([key, one]) => [key, of.decode(one, read)] as const);
      if (read1.some(([, one]) => one === undefined)) return undefined;
      return new Map(read1 as readonly (readonly [string, T])[]);
    },
    same: (a, b) => a.size === b.size && [...a].every(([key, one]) => b.has(key) && same(of, one, b.get(key))),
  };
}

/** JSON, whatever it holds; `check` narrows it. */
export function json<T>(check: (value: unknown) => value is T, expected = "JSON"): ValueType<T> {
  return {
    expected,
    decode: (value) => {
      const read = parsed(String(value));
      return check(read) ? read : undefined;
    },
    same: (a, b) => JSON.stringify(a) === JSON.stringify(b),
  };
}

export const texts: ValueType<readonly string[]> = list(text);

function same<T>(of: ValueType<T>, a: T, b: T | undefined): boolean {
  return b !== undefined && (of.same === undefined ? Object.is(a, b) : of.same(a, b));
}

function elements<T>(value: Value, of: ValueType<T>, read: ReadKey): T[] | undefined {
  const written = String(value).trim();
  const parts = written === "" ? [] : written.startsWith("[") ? jsonList(written) : written.split(",");
  const all = parts?.map((part) => of.decode(typeof part === "string" ? part.trim() : part, read));
  return all?.every((one) => one !== undefined) === true ? (all as T[]) : undefined;
}

function jsonList(written: string): readonly Value[] | undefined {
  const read = parsed(written);
  return Array.isArray(read) && read.every(isValue) ? read : undefined;
}

function pairsOf(written: string): readonly (readonly [string, Value])[] | undefined {
  if (written === "") return [];
  if (written.startsWith("{")) {
    const read = parsed(written);
    if (typeof read !== "object" || read === null) return undefined;
    const entries = Object.entries(read);
    return entries.every((entry): entry is [string, Value] => isValue(entry[1])) ? entries : undefined;
  }
  const pairs = written.split(/[,;]/).map((pair) => {
    const at = pair.indexOf("=");
    return at < 0 ? undefined : ([pair.slice(0, at).trim(), pair.slice(at + 1).trim()] as const);
  });
  return pairs.every((pair) => pair !== undefined) ? pairs : undefined;
}

function isValue(value: unknown): value is Value {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

function parsed(written: string): unknown {
  try {
    return JSON.parse(written);
  } catch {
    return undefined;
  }
}
