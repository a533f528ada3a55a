import { ConfigFileError, type ParsedFile, type ParsedValue } from "./parsed-file.ts";

/**
 * `.env`: `NAME=value`, `export NAME=value`, quotes of three sorts (values in double ones may span lines and hold `\n`), comments.
 * `RATINGS_LIMIT` and `HOLDFAST_RATINGS_LIMIT` are the key `ratings.limit`; a name in lower case is the key itself.
 *
 * @throws ConfigFileError
 */
export function parseEnvText(text: string, file: string): ParsedFile {
  const values = new Map<string, ParsedValue>();
  const lines = text.split(/\r\n|\n|\r/);
  for (let i = 0; i < lines.length; i++) {
    const line = i + 1;
    const written = (lines[i] ?? "").trim();
    if (written === "" || written.startsWith("#")) continue;
    const match = /^(?:export\s+)?([A-Za-z_][\w.-]*)\s*=\s*(.*)$/.exec(written);
    if (match === null) throw new ConfigFileError(file, line, undefined, "must be NAME=value");
    const [, name = "", rest = ""] = match;
    const quote = /^["'`]/.exec(rest)?.[0];
    let body = rest;
    if (quote !== undefined) {
      while (closingQuote(body, quote) < 0 && i + 1 < lines.length) body += `\n${lines[++i] ?? ""}`;
      const end = closingQuote(body, quote);
      if (end < 0) throw new ConfigFileError(file, line, keyOf(name), `the quote ${quote} does not end`);
      body = body.slice(1, end);
      if (quote === '"') body = body.replaceAll(/\\(["\\nrt])/g, (_, char: string) => doubleQuoted[char] ?? char);
    } else {
      body = body.replace(/(^|\s)#.*$/, "").trimEnd();
    }
    values.set(keyOf(name), { value: body, line });
  }
  return values;
}

const doubleQuoted: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

function closingQuote(body: string, quote: string): number {
  for (let i = 1; i < body.length; i++) {
    if (quote === '"' && body[i] === "\\") i += 1;
    else if (body[i] === quote) return i;
  }
  return -1;
}

function keyOf(name: string): string {
  if (/[a-z]/.test(name)) return name;
  return name
    .replace(/^HOLDFAST_/, "")
    .toLowerCase()
    .replaceAll("_", ".");
}
