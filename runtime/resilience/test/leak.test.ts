import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

const calls = process.env["HOLDFAST_FULL"] === "1" ? 1_000_000 : 20_000;

interface Told {
  readonly before: number;
  readonly after: number;
  readonly unhandled: number;
  readonly active: number;
  readonly ends: Readonly<Record<string, number>>;
}

test(`${calls} calls of every bad kind leave no memory, no place taken, no unhandled rejection`, () => {
  const program = join(import.meta.dirname, "leak-program.ts");
  const printed = execFileSync(process.execPath, ["--expose-gc", program, String(calls)], {
    encoding: "utf8",
    timeout: 300_000,
  });
  const { before, after, unhandled, active, ends } = JSON.parse(printed) as Told;
  assert.equal(unhandled, 0);
  assert.equal(active, 0);
  assert.equal(
    Object.values(ends).reduce((sum, n) => sum + n, 0),
    calls,
  );
  for (const end of [
    "answered",
    "COMMAND_FAILED",
    "COMMAND_TIMED_OUT",
    "COMMAND_CANCELLED",
    "COMMAND_SHORT_CIRCUITED",
  ]) {
    assert.ok((ends[end] ?? 0) > 0, `${end}: never happened, of ${JSON.stringify(ends)}`);
  }
  assert.equal(ends["uncoded"], undefined);
  // Less than two bytes a call: what is left is code that was compiled meanwhile.
  assert.ok(after - before < Math.max(1_000_000, calls * 2), `the heap grew from ${before} to ${after}`);
});
