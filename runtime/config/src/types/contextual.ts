import type { Value } from "../core/layers.ts";
import type { ReadKey, ValueType } from "./value-type.ts";

interface Case {
  readonly if?: Readonly<Record<string, readonly string[]>>;
  readonly value: Value;
}

/**
 * A value that depends on where it is read: `[{"if":{"@environment":["prod"]},"value":5},{"value":2}]`, the first case that
 * fits (Archaius's `DynamicContextualProperty`). Whatever is no such list counts everywhere, as it is.
 */
export function contextual<T>(of: ValueType<T>): ValueType<T> {
  return {
    expected: `${of.expected}, or a list of cases`,
    decode: (value, read) => {
      const cases = typeof value === "string" ? casesOf(value) : undefined;
      if (cases === undefined) return of.decode(value, read);
      const found = cases.find((one) => fits(one, read));
      return found === undefined ? undefined : of.decode(found.value, read);
    },
    ...(of.same === undefined ? {} : { same: (a: T, b: T) => of.same?.(a, b) === true }),
  };
}

function fits({ if: conditions = {} }: Case, read: ReadKey): boolean {
  return Object.entries(conditions).every(([key, wanted]) => {
    const now = read(key);
    return now !== undefined && wanted.includes(String(now));
  });
}

function casesOf(written: string): readonly Case[] | undefined {
  if (!written.trimStart().startsWith("[")) return undefined;
  try {
    const read: unknown = JSON.parse(written);
    return Array.isArray(read) && read.every(isCase) ? read : undefined;
  } catch {
    return undefined;
  }
}

function isCase(one: unknown): one is Case {
  if (typeof one !== "object" || one === null || !("value" in one)) return false;
  if (!("if" in one)) return true;
  const conditions: unknown = one.if;
  return (
    typeof conditions === "object" &&
    conditions !== null &&
    Object.values(conditions).every(
      (wanted) => Array.isArray(wanted) && wanted.every((word) => typeof word === "string"),
    )
  );
}
