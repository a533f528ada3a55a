/** Looks up the text of another key; `undefined` when nobody says anything. */
export type ReadText = (key: string) => string | undefined;

/** A value that refers to itself, by way of the keys in `path`. */
export class CircularReferenceError extends Error {
  readonly path: readonly string[];

  constructor(path: readonly string[]) {
    super(`refers to itself: ${path.join(" → ")}`);
    this.path = path;
  }
}

/** Deeper than this is a mistake or an attack. */
const depthMax = 32;

/**
 * Replaces each `${key}` by that key's text, and `${key:default}` by the default where nobody says anything; both may hold
 * references of their own. `$${` stands for `${`. What cannot be resolved stays as it is written (as Archaius does).
 *
 * @throws CircularReferenceError
 */
export function interpolate(text: string, read: ReadText, path: readonly string[] = []): string {
  if (!text.includes("${")) return text;
  if (path.length > depthMax) throw new CircularReferenceError(path);
  let result = "";
  let at = 0;
  for (;;) {
    const open = text.indexOf("${", at);
    if (open < 0) return result + text.slice(at);
    const close = closing(text, open + 2);
    if (close < 0) return result + text.slice(at);
    if (open > at && text[open - 1] === "$") {
      result += text.slice(at, open - 1) + text.slice(open, close + 1);
    } else {
      result += text.slice(at, open) + resolve(text.slice(open + 2, close), read, path);
    }
    at = close + 1;
  }
}

/** `a`, `a:default`, `a:${b}`, `${which}.limit`. */
function resolve(reference: string, read: ReadText, path: readonly string[]): string {
  const colon = topLevelColon(reference);
  const key = interpolate(colon < 0 ? reference : reference.slice(0, colon), read, path);
  if (path.includes(key)) throw new CircularReferenceError([...path, key]);
  const text = read(key);
  const within = [...path, key];
  if (text !== undefined) return interpolate(text, read, within);
  return colon < 0 ? `\${${reference}}` : interpolate(reference.slice(colon + 1), read, path);
}

/** Of the `}` that ends a reference begun before `from`; −1: none does. */
function closing(text: string, from: number): number {
  let depth = 1;
  for (let i = from; i < text.length; i++) {
    if (text[i] === "}") depth -= 1;
    else if (text[i] === "{" && text[i - 1] === "$") depth += 1;
    if (depth === 0) return i;
  }
  return -1;
}

function topLevelColon(text: string): number {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "}") depth -= 1;
    else if (text[i] === "{" && text[i - 1] === "$") depth += 1;
    else if (text[i] === ":" && depth === 0) return i;
  }
  return -1;
}
