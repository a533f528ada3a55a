import { ConfigFileError, type ParsedFile, type ParsedValue } from "./parsed-file.ts";

/**
 * Java's `.properties`: `key=value`, `key: value`, `key value`; `#` and `!` begin comments; a `\` at the end of a line goes on
 * with the next; `\t \n \r \f \uXXXX` and `\` before anything else.
 *
 * @throws ConfigFileError
 */
export function parseProperties(text: string, file: string): ParsedFile {
  const values = new Map<string, ParsedValue>();
  const lines = text.split(/\r\n|\n|\r/);
  for (let i = 0; i < lines.length; i++) {
    const line = i + 1;
    let logical = (lines[i] ?? "").trimStart();
    if (logical === "" || logical.startsWith("#") || logical.startsWith("!")) continue;
    while (goesOn(logical) && i + 1 < lines.length) logical = logical.slice(0, -1) + (lines[++i] ?? "").trimStart();
    if (goesOn(logical)) logical = logical.slice(0, -1);
    const [rawKey, rawValue] = split(logical);
    const key = unescape(rawKey, file, line, undefined);
    if (key === "") throw new ConfigFileError(file, line, undefined, "there is no key before the separator");
    values.set(key, { value: unescape(rawValue, file, line, key), line });
  }
  return values;
}

/** An odd number of backslashes at the end. */
function goesOn(line: string): boolean {
  return (/\\*$/.exec(line)?.[0].length ?? 0) % 2 === 1;
}

function split(line: string): readonly [string, string] {
  for (let i = 0; i < line.length; i++) {
    const char = line[i] ?? "";
    if (char === "\\") i += 1;
    else if (/[=:\s]/.test(char)) {
      const rest = line.slice(i).replace(/^[ \t\f]*[=:]?[ \t\f]*/, "");
      return [line.slice(0, i), rest];
    }
  }
  return [line, ""];
}

const escapes: Readonly<Record<string, string>> = { t: "\t", n: "\n", r: "\r", f: "\f" };

function unescape(raw: string, file: string, line: number, key: string | undefined): string {
  if (!raw.includes("\\")) return raw;
  return raw.replaceAll(/\\(u[0-9a-fA-F]{4}|u|[^u])/g, (_, escaped: string) => {
    if (escaped === "u") throw new ConfigFileError(file, line, key, "\\u must be followed by four hexadecimal digits");
    if (escaped.length > 1) return String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
    return escapes[escaped] ?? escaped;
  });
}
