import type { Clock, Random } from "@holdfast/kernel";
import { ControlClient } from "../stack/control-client.ts";
import { findStack, type StackFile } from "../stack/stack-file.ts";
import type { Terminal } from "./terminal.ts";

/** What every command gets; built once, in `main.ts`. */
export interface CommandContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly terminal: Terminal;
}

/** Options that all commands on a running stack share. */
export interface StackOptions {
  readonly dir?: string;
}

export interface StackAccess {
  readonly stack: StackFile;
  readonly control: ControlClient;
}

/**
 * Finds the stack a command means.
 *
 * @throws PlatformError `STACK_NOT_FOUND`.
 */
export function openStack(options: StackOptions): StackAccess {
  const stack = findStack(options.dir ?? process.env["HOLDFAST_DIR"]);
  return { stack, control: new ControlClient(stack.ports.console, stack.stateDirectory) };
}
