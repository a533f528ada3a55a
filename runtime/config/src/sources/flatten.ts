import type { Value } from "../core/layers.ts";

/** An object, nested or flat, as keys with dots; lists are JSON texts, `null` says nothing. */
export function flatten(object: unknown): ReadonlyMap<string, { value: Value }> {
  const entries = new Map<string, { value: Value }>();
  const walk = (value: unknown, path: string): void => {
    if (value === undefined || value === null) return;
    if (Array.isArray(value)) entries.set(path, { value: JSON.stringify(value) });
    else if (typeof value === "object") {
      for (const [key, one] of Object.entries(value)) walk(one, path === "" ? key : `${path}.${key}`);
    } else if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
      entries.set(path, { value });
    }
  };
  walk(object, "");
  return entries;
}
