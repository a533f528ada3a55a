/** The command line. `bin/holdfast.mjs` loads it; help and version are answered there already. */
import { PlatformError, SystemClock, systemRandom } from "@holdfast/kernel";
import { CommanderError } from "commander";
import { packageVersion } from "../programs.ts";
import type { CommandContext } from "./context.ts";
import { exitCodeOf, exitCodes } from "./exit-codes.ts";
import { buildProgram } from "./program.ts";
import { Terminal } from "./terminal.ts";

/** Runs one command line and gives its exit code. */
export async function main(args: readonly string[]): Promise<number> {
  // A closed pipe (`holdfast ps | head`) or terminal is no failure of the command, and must not end a supervisor.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  if (args[0] === "--version" || args[0] === "-V") {
    process.stdout.write(`${packageVersion()}\n`);
    return exitCodes.ok;
  }
  let chosen: { run: (context: CommandContext) => Promise<number>; json: boolean } | undefined;
  const program = buildProgram((run, json) => {
    chosen = { run, json };
  });
  for (const command of [program, ...program.commands, ...program.commands.flatMap((inner) => inner.commands)]) {
    command.exitOverride().configureOutput({ writeErr: () => {}, writeOut: (text) => process.stdout.write(text) });
  }
  const terminal = new Terminal(args.includes("--json"));
  try {
    if (args.length === 0) {
      program.outputHelp();
      return exitCodes.ok;
    }
    program.parse(args, { from: "user" });
    if (chosen === undefined) return exitCodes.ok;
    return await chosen.run({ clock: new SystemClock(), random: systemRandom(), terminal: new Terminal(chosen.json) });
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return exitCodes.ok;
      const message = error.code === "commander.help" ? "a command is missing" : error.message.replace(/^error: /, "");
      // Whoever says `holdfast images` is shown what there is of images.
      const asked = program.commands.find((command) => command.name() === args[0]);
      const next = asked === undefined ? "holdfast --help" : `holdfast ${asked.name()} --help`;
      terminal.printError(new PlatformError("USAGE", message, { next }));
      return exitCodes.usage;
    }
    terminal.printError(error);
    return exitCodeOf(error);
  }
}
