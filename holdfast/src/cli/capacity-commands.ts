import type { Command } from "commander";
import { type Add, type Choose, commandGroup } from "./command-group.ts";

/** `holdfast capacity` and `holdfast host …`: what hosts carry, who waits for room; open, close and empty them. */
export function addCapacityCommands(program: Command, onStack: Add, choose: Choose): void {
  onStack("capacity", "hosts with what they have and carry, and launches that wait for room, with the reason").action(
    (flags) => choose(async (context) => (await import("./capacity.ts")).capacity(context, flags), flags.json === true),
  );
  const add = commandGroup(program, "host", "open, close and empty hosts: cordon, drain, activate");
  const acts = [
    ["cordon", "cordoned", "it takes no more instances; what runs there runs on"],
    ["drain", "drained", "the same, and what runs there is replaced elsewhere, new ones first"],
    ["activate", "active", "it takes instances again"],
  ] as const;
  for (const [act, state, about] of acts) {
    add(`${act} <host>`, about)
      .option("--reason <text>", "why, for the diary")
      .action((host, flags) =>
        choose(
          async (context) => (await import("./capacity.ts")).setHost(context, host, state, flags),
          flags.json === true,
        ),
      );
  }
}
