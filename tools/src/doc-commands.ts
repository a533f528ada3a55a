import { globSync, readFileSync } from "node:fs";

/** One command line of a document's `sh` block. */
export interface DocCommand {
  readonly file: string;
  readonly line: number;
  readonly command: string;
}

/** Commands that install, or that run the very tests and benchmarks this would be part of. */
const exempt: readonly RegExp[] = [
  /^npm (ci|install|test|start)\b/,
  /^npm run (test:full|check|bench|build|openapi|format)\b/,
  /^git /,
  /^node (--test|tools\/src\/test\.ts)/,
];

/** All commands of all documents that can be run, in the order in which a reader meets them. */
export function docCommands(): DocCommand[] {
  const files = [
    "README.md",
    ...globSync("docs/*.md").sort(),
    ...globSync("{examples,services,runtime,engines}/*/README.md").sort(),
  ];
  return files.flatMap((file) => commandsOf(file, readFileSync(file, "utf8")));
}

export function commandsOf(file: string, text: string): DocCommand[] {
  const commands: DocCommand[] = [];
  let inShell = false;
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line.startsWith("```")) {
      inShell = line === "```sh";
      continue;
    }
    const command = line.replace(/^\$ /, "").replace(/\s+#.*$/, "");
    if (!inShell || command === "" || command.startsWith("#")) continue;
    if (exempt.some((pattern) => pattern.test(command))) continue;
    commands.push({ file, line: index + 1, command });
  }
  return commands;
}
