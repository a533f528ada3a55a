/**
 * The entries of a Java properties file, the last of a name counting: comments (`#`, `!`), `=`, `:` or blanks between name and
 * value, lines that go on after a backslash, `\t \n \r \f \uXXXX`.
 *
 * @throws SyntaxError naming the line of a `\u` without four hexadecimal digits.
 */
export function parsePropertiesFile(text: string): Map<string, string> {
  const entries = new Map<string, string>();
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/);
  for (let at = 0; at < lines.length; at++) {
    const start = at + 1;
    let line = (lines[at] ?? "").trimStart();
    if (line === "" || line.startsWith("#") || line.startsWith("!")) continue;
    while (/(?:^|[^\\])(?:\\\\)*\\$/.test(line) && at + 1 < lines.length) {
      at += 1;
      line = line.slice(0, -1) + (lines[at] ?? "").trimStart();
    }
    const [name, value] = divide(line);
    entries.set(unescaped(name, start), unescaped(value, start));
  }
  return entries;
}

function divide(line: string): [name: string, value: string] {
  const match = /^((?:\\.|[^\\=:\s])*)[ \t\f]*(?:[=:][ \t\f]*)?(.*)$/s.exec(line);
  return [match?.[1] ?? line, match?.[2] ?? ""];
}

const letters: Readonly<Record<string, string>> = { t: "\t", n: "\n", r: "\r", f: "\f" };

function unescaped(text: string, line: number): string {
  return text.replaceAll(/\\(u[0-9a-fA-F]{4}|.|$)/gs, (_all, code: string) => {
    if (code.length === 5) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    if (code === "u") throw new SyntaxError(`line ${line}: \\u without four hexadecimal digits`);
    return letters[code] ?? code;
  });
}
