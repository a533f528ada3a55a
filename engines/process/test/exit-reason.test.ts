import assert from "node:assert/strict";
import { test } from "node:test";
import { exitReason } from "../src/agent/exit-reason.ts";

const ended = {
  livedMs: 20,
  shell: false,
  run: "prog",
  drainCause: undefined,
  killed: false,
  memoryBytesMax: undefined,
  asked: undefined,
} as const;

test("an init that cannot run the program says so in the program's place, and it is told as if there were none", () => {
  const told = (code: number, lastLine: string): string =>
    exitReason({ ...ended, exit: { code, signal: null, known: true }, lastLine }).reasonCode;
  assert.equal(told(127, "[FATAL tini (7)] exec prog failed: No such file or directory"), "COMMAND_NOT_FOUND");
  assert.equal(told(126, "[FATAL tini (7)] exec prog failed: Permission denied"), "COMMAND_NOT_EXECUTABLE");
  assert.equal(
    told(127, "cannot find my configuration"),
    "EXITED",
    "a program may end with 127 for reasons of its own",
  );
  assert.equal(told(1, "[FATAL tini (7)] exec prog failed: No such file or directory"), "EXITED");
});
