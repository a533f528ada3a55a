import type { Command } from "commander";
import type { CommandContext } from "./context.ts";

/** Runs a command and gives its exit code; its module is loaded only then. */
export type Run = (context: CommandContext) => Promise<number>;

/** Takes the chosen command, and whether `--json` was given. */
export type Choose = (run: Run, json: boolean) => void;

/** Declares a command: `add("list [service]", "what it does")`. */
export type Add = (usage: string, description: string) => Command;

/** Declares a command that can answer in JSON. */
export function answering(parent: Command, usage: string, description: string): Command {
  return parent.command(usage).description(description).option("--json", "print JSON and nothing else");
}

/** Declares a command about a stack: that of a directory, or the one that is found from here. */
export function onStack(parent: Command, usage: string, description: string): Command {
  return answering(parent, usage, description).option(
    "--dir <directory>",
    "the application's or the state directory (default: here or above)",
  );
}

/** A command of commands, `holdfast fault …`: gives what declares those. */
export function commandGroup(program: Command, name: string, description: string): Add {
  const group = program.command(name).description(description).helpCommand(false);
  return (usage, about) => onStack(group, usage, about);
}

/** Gathers the values of an option that may be repeated. */
export function collect(value: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), value];
}
