import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import type { Value } from "../core/layers.ts";
import { ConfigFileError, type ParsedFile, type ParsedValue } from "./parsed-file.ts";

const depthMax = 64;

/**
 * YAML and JSON as keys with dots: `ratings: { limit: 10 }` is `ratings.limit`. A list of scalars is one value, as a JSON list;
 * a list of anything else is `key.0`, `key.1` …
 *
 * @throws ConfigFileError
 */
export function parseYaml(text: string, file: string, kind: "yaml" | "json" = "yaml"): ParsedFile {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, ...(kind === "json" ? { schema: "json" } : {}) });
  const lineOf = (offset: number): number => counter.linePos(offset).line;
  const fault = document.errors[0];
  if (fault !== undefined) {
    throw new ConfigFileError(file, lineOf(fault.pos[0]), undefined, fault.message.split("\n", 1)[0] ?? fault.code);
  }
  if (kind === "json") checkJson(text, file, lineOf);
  const values = new Map<string, ParsedValue>();
  const root = document.contents as Node | null;
  if (root === null || (isScalar(root) && root.value === null)) return values;
  if (!isMap(root)) throw new ConfigFileError(file, 1, undefined, "must be a map of keys");
  const walk = (node: unknown, path: string, line: number, depth: number): void => {
    if (depth > depthMax) throw new ConfigFileError(file, line, path, `is nested deeper than ${depthMax}`);
    const real = isAlias(node) ? node.resolve(document) : node;
    if (isMap(real)) {
      for (const { key, value } of real.items) {
        const name = isScalar(key) ? String(key.value) : String(key);
        const at = isScalar(key) && Array.isArray(key.range) ? lineOf(key.range[0]) : line;
        walk(value, path === "" ? name : `${path}.${name}`, at, depth + 1);
      }
    } else if (isSeq(real)) {
      const items = real.items.map((item) => (isAlias(item) ? item.resolve(document) : item));
      if (items.every((item) => isScalar(item))) {
        values.set(path, { value: JSON.stringify(items.map((item) => item.value)), line });
      } else for (const [i, item] of items.entries()) walk(item, `${path}.${i}`, line, depth + 1);
    } else if (isScalar(real)) {
      const { value } = real;
      if (value !== null) values.set(path, { value: isValue(value) ? value : JSON.stringify(value), line });
    }
  };
  walk(root, "", 1, 0);
  return values;
}

/** What YAML takes and JSON does not. */
function checkJson(text: string, file: string, lineOf: (offset: number) => number): void {
  try {
    JSON.parse(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const offset = Number(/position (\d+)/.exec(message)?.[1] ?? 0);
    throw new ConfigFileError(file, lineOf(offset), undefined, message);
  }
}

function isValue(value: unknown): value is Value {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}
