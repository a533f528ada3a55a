import { existsSync, rmSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { runDirectoryOf } from "../stack/directories.ts";
import { findStack, type StackFile, stateDirectoryName } from "../stack/stack-file.ts";
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
  const stack = findStackOrRemains(where ?? flags.dir ?? process.env["HOLDFAST_DIR"]);
  const report = await stopStack(clock, stack.runDirectory, (event) => {
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

type Stoppable = Pick<StackFile, "application" | "stateDirectory" | "runDirectory" | "temporary">;

/** A stack whose state directory was removed while it ran is still found by its run directory. */
function findStackOrRemains(where: string | undefined): Stoppable {
  try {
    return findStack(where);
  } catch (error) {
    const given = resolve(where ?? ".");
    for (const stateDirectory of [given, join(given, stateDirectoryName)]) {
      const runDirectory = runDirectoryOf(stateDirectory);
      const application = basename(given);
      if (existsSync(runDirectory)) return { application, stateDirectory, runDirectory, temporary: false };
    }
    throw error;
  }
}
