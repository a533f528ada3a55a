/** One fault of an application file, where a person finds it. Lines and columns count from 1. */
export interface FileFault {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** `services.api.run`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

export type KeyPath = readonly (string | number)[];

/** `file:line:col path: message`, which editors and terminals make clickable. */
export function formatFault(fault: FileFault): string {
  const path = fault.path === "" ? "" : `${fault.path}: `;
  return `${fault.file}:${fault.line}:${fault.column} ${path}${fault.message}`;
}

/** `services.api.routes[2]`, the way one would type it in TypeScript. */
export function formatPath(path: KeyPath): string {
  let text = "";
  for (const key of path) {
    if (typeof key === "number") text += `[${key}]`;
    else if (/^[A-Za-z_$][\w$]*$/.test(key)) text += text === "" ? key : `.${key}`;
    else text += `[${JSON.stringify(key)}]`;
  }
  return text;
}

/** Where something begins in a text. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Line and column of an offset (in UTF-16 units, as JavaScript and editors count). */
export function positionAt(text: string, offset: number): Position {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  return { line: before.split("\n").length, column: offset - lineStart + 1 };
}

/** Finds the position of a key path; the nearest ancestor that exists when the value itself is missing. */
export type Locate = (path: KeyPath) => Position;

export const startOfFile: Position = { line: 1, column: 1 };
