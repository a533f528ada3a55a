import { buildProgram } from "./program.ts";

/** The whole help, as `bin/help.txt` keeps it. */
export function helpText(): string {
  const program = buildProgram(() => {});
  let text = "";
  program.configureOutput({ writeOut: (part) => void (text += part), getOutHasColors: () => false });
  program.outputHelp();
  return text;
}
