import { messageOf } from "@holdfast/kernel";
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import { type KeyPath, type Locate, type Position, startOfFile } from "./fault.ts";

export interface YamlText {
  readonly value: unknown;
  readonly faults: readonly (Position & { readonly message: string })[];
  readonly locate: Locate;
}

/** Reads YAML 1.2 (and so JSON), keeping where each value stands. */
export function readYaml(text: string): YamlText {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): Position => {
    const position = lines.linePos(offset);
    return position.line === 0 ? startOfFile : { line: position.line, column: position.col };
  };
  const faults = document.errors.map((error) => ({ ...at(error.pos[0]), message: error.message }));
  const locate: Locate = (path) => at(offsetOf(document.contents, path));
  if (faults.length > 0) return { value: undefined, faults, locate };
  try {
    return { value: document.toJS(), faults, locate };
  } catch (error) {
    // Such as an alias that unfolds to gigabytes.
    return { value: undefined, faults: [{ ...startOfFile, message: messageOf(error) }], locate };
  }
}

function offsetOf(root: unknown, path: KeyPath): number {
  let node = root;
  let offset = startOf(root);
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
      if (pair === undefined) break;
      offset = startOf(pair.key);
      node = pair.value;
    } else if (isSeq(node) && typeof key === "number" && node.items[key] !== undefined) {
      node = node.items[key];
      offset = startOf(node);
    } else {
      break;
    }
  }
  return offset;
}

function startOf(node: unknown): number {
  return (node as Node | null | undefined)?.range?.[0] ?? 0;
}
