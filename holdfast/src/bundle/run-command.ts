/** A `node <script> …` command taken apart, so that another script can be put in its place. */
export interface NodeCommand {
  /** As written: relative to the service's directory. */
  readonly script: string;
  /** The same command with another script. */
  readonly withScript: (script: string) => string;
}

/** Node options that take their value as a word of their own. */
const optionsWithValue: ReadonlySet<string> = new Set([
  "-r",
  "--require",
  "--import",
  "--loader",
  "-C",
  "--conditions",
]);

/** Reads `node [options] <script.ts|js|mjs…> [arguments]`; `undefined` for every other command. */
export function parseNodeCommand(run: string): NodeCommand | undefined {
  const words = [...run.matchAll(/"[^"]*"|'[^']*'|\S+/g)];
  if (!/^(?:.*\/)?node$/.test(words[0]?.[0] ?? "")) return undefined;
  for (let i = 1; i < words.length; i++) {
    const match = words[i];
    const word = match?.[0] ?? "";
    if (optionsWithValue.has(word)) i++;
    else if (match !== undefined && !word.startsWith("-")) {
      const script = word.replace(/^(["'])(.*)\1$/, "$2");
      if (!/\.[cm]?[jt]sx?$/.test(script)) return undefined;
      const [before, after] = [run.slice(0, match.index), run.slice(match.index + word.length)];
      return { script, withScript: (other) => before + quote(other) + after };
    }
  }
  return undefined;
}

function quote(path: string): string {
  return /\s/.test(path) ? JSON.stringify(path) : path;
}
