import { rmSync } from "node:fs";
import { findStack } from "../stack/stack-file.ts";
import { stopStack } from "../up/stop-stack.ts";
import type { CommandContext, StackOptions } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { count, shortPath } from "./terminal.ts";

export interface DownFlags extends StackOptions {
  readonly clean?: boolean;
}

/** `holdfast down [dir]`. */
export async function down(context: CommandContext, where: string | undefined, flags: DownFlags): Promise<number> {
  const { clock, terminal } = context;
  const stack = findStack(where ?? flags.dir ?? process.env["HOLDFAST_DIR"]);
  const report = await stopStack(clock, stack, (event) => {
    if (event.event === "stopping") terminal.print(`waiting for ${event.text}`);
    if (event.event === "note") terminal.print(event.text);
  });
  const clean = flags.clean === true || stack.temporary;
  if (clean) rmSync(stack.stateDirectory, { recursive: true, force: true });
  const what = {
    supervisor: "stopped",
    remains: `ended ${count(report.processes, "process")}`,
    nothing: "nothing was running",
  };
  const state = `state ${clean ? "removed" : "kept"}: ${shortPath(stack.stateDirectory)}`;
  terminal.print(`${what[report.how]}; ${state}`);
  terminal.printJson({
    ...report,
    application: stack.application,
    stateDirectory: stack.stateDirectory,
    stateRemoved: clean,
  });
  return exitCodes.ok;
}
