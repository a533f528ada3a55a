/** How a `run` line becomes a process. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  /** True when a shell interprets the line, because it holds shell syntax. */
  readonly shell: boolean;
}

/** Characters that mean something to `sh` outside quotes: with one of them the line is the shell's. */
const shellSyntax = new Set("|&;<>()$`*?[]#~{}!\n");

/**
 * Splits a `run` line into an argument vector, honouring quotes and backslashes as `sh` does. A line with shell syntax
 * (pipes, variables, globs, redirections, a leading `NAME=value`) becomes `/bin/sh -c 'exec …'` instead, or without
 * `exec` when it holds more than one command.
 *
 * Returns `undefined` for an empty line or one whose quotes do not end.
 */
export function parseCommand(run: string): Command | undefined {
  const scanned = scan(run);
  if (scanned === undefined || scanned.words.length === 0) return undefined;
  const [file, ...args] = scanned.words;
  if (file === undefined || file === "") return undefined;
  const assigns = /^[A-Za-z_][A-Za-z0-9_]*=/.test(file);
  if (!scanned.shell && !assigns) return { file, args, shell: false };
  // `exec` makes the program the process we parent; with an assignment or several commands it would be wrong.
  const single = !assigns && !scanned.compound;
  return { file: "/bin/sh", args: ["-c", single ? `exec ${run.trim()}` : run], shell: true };
}

interface Scan {
  readonly words: readonly string[];
  readonly shell: boolean;
  readonly compound: boolean;
}

function scan(run: string): Scan | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  let shell = false;
  let compound = false;
  for (let i = 0; i < run.length; i++) {
    const char = run[i] ?? "";
    if (quote !== "") {
      if (char === quote) quote = "";
      else if (quote === '"' && char === "\\" && /["\\$`]/.test(run[i + 1] ?? "")) word = (word ?? "") + run[++i];
      else {
        if (quote === '"' && (char === "$" || char === "`")) shell = true;
        word = (word ?? "") + char;
      }
    } else if (char === "'" || char === '"') {
      quote = char;
      word ??= "";
    } else if (char === "\\") {
      i += 1;
      word = (word ?? "") + (run[i] ?? "");
    } else if (char === " " || char === "\t" || (char === "\n" && run.slice(i).trim() === "")) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      if (shellSyntax.has(char)) shell = true;
      if ("|&;()\n{}!".includes(char)) compound = true;
      word = (word ?? "") + char;
    }
  }
  if (quote !== "") return undefined;
  if (word !== undefined) words.push(word);
  return { words, shell, compound };
}
