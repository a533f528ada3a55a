import type { InstanceExit } from "@holdfast/engine";

export interface ExitFacts {
  readonly exit: InstanceExit;
  /** Ms from start to end. */
  readonly livedMs: number;
  /** Last line of its log; may be empty. */
  readonly lastLine: string;
  readonly shell: boolean;
  readonly run: string;
  /** Set when it was draining. */
  readonly drainCause: string | undefined;
  /** It did not end by itself within the drain's bound. */
  readonly killed: boolean;
  /** The limit of its memory in bytes; `undefined` without one. */
  readonly memoryBytesMax: number | undefined;
  /** The last signal somebody asked the agent for, with its cause. */
  readonly asked: { readonly signal: string; readonly cause: string } | undefined;
}

/** Containers of Docker begin with an init of its own, which says so in its only line when it cannot run what it is told. */
const initFailure = /^\[FATAL tini \(\d+\)\] exec (.+) failed: (No such file or directory|Permission denied)$/;

/** Puts the end of a process into one sentence and a stable code. */
export function exitReason(facts: ExitFacts): { readonly reasonCode: string; readonly reason: string } {
  const { exit, asked, lastLine } = facts;
  const after = `after ${(facts.livedMs / 1_000).toFixed(facts.livedMs < 10_000 ? 1 : 0)} s`;
  const said = lastLine === "" ? "" : `: ${lastLine}`;
  if (facts.drainCause !== undefined) {
    const how = facts.killed ? "; killed, for it did not end within its drain time" : "";
    return { reasonCode: "TERMINATED", reason: `terminated (${facts.drainCause})${how}` };
  }
  if (exit.outOfMemory === true) {
    const limit =
      facts.memoryBytesMax === undefined ? "its limit" : `its limit of ${inMebibytes(facts.memoryBytesMax)}`;
    return { reasonCode: "OUT_OF_MEMORY", reason: `killed ${after}: it needed more memory than ${limit}` };
  }
  if (exit.code === 127 && facts.shell) {
    return { reasonCode: "COMMAND_NOT_FOUND", reason: `a command of \`${facts.run}\` does not exist${said}` };
  }
  const failed = exit.code === 126 || exit.code === 127 ? initFailure.exec(lastLine) : null;
  if (failed !== null) {
    const [, command = "", why = ""] = failed;
    return why === "Permission denied"
      ? { reasonCode: "COMMAND_NOT_EXECUTABLE", reason: `command ${command} may not be executed` }
      : { reasonCode: "COMMAND_NOT_FOUND", reason: `command ${command} does not exist in the image` };
  }
  // The sidecar's word for it, of the program it was to run.
  if (exit.code === 127 && lastLine.endsWith("this command does not exist")) {
    return { reasonCode: "COMMAND_NOT_FOUND", reason: lastLine };
  }
  if (exit.signal !== null) {
    const why = asked?.signal === exit.signal ? ` (${asked.cause})` : "";
    return { reasonCode: "KILLED", reason: `killed by ${exit.signal} ${after}${why}` };
  }
  if (!exit.known) {
    const why = asked === undefined ? "its exit code went to the agent before this one" : asked.cause;
    return { reasonCode: asked === undefined ? "EXITED" : "KILLED", reason: `ended ${after} (${why})` };
  }
  return { reasonCode: "EXITED", reason: `exited with code ${exit.code} ${after}${said}` };
}

function inMebibytes(bytes: number): string {
  return `${Math.round((bytes / 1_048_576) * 10) / 10} MiB`;
}
