import { messageOf } from "@holdfast/kernel";
import { refuse } from "./fields.ts";

const depthMax = 32;

/**
 * JSON as maps, so that no key of a stranger's (`__proto__`) means anything.
 *
 * @throws PlatformError `BODY_INVALID` for what is no JSON, or nested deeper than 32.
 */
export function parseJson(text: string): unknown {
  checkDepth(text);
  try {
    return toMaps(JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text));
  } catch (error) {
    return refuse(`body: is not JSON (${messageOf(error).slice(0, 200)})`);
  }
}

/** Before the parser sees it: brackets outside of texts. */
function checkDepth(text: string): void {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 34) {
      for (i += 1; i < text.length && text.charCodeAt(i) !== 34; i++) if (text.charCodeAt(i) === 92) i += 1;
    } else if (code === 123 || code === 91) {
      depth += 1;
      if (depth > depthMax) refuse(`body: is nested deeper than ${depthMax}`);
    } else if (code === 125 || code === 93) depth -= 1;
  }
}

function toMaps(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(toMaps);
  const map = new Map<string, unknown>();
  for (const key of Object.keys(value)) map.set(key, toMaps((value as Readonly<Record<string, unknown>>)[key]));
  return map;
}
