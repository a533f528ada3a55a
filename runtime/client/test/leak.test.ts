import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

const isFull = process.env["HOLDFAST_FULL"] === "1";
const calls = isFull ? 1_000_000 : 3_000;

interface Told {
  readonly before: number;
  readonly after: number;
  readonly unhandled: number;
  readonly ends: Readonly<Record<string, number>>;
}

test(`${calls} calls to servers of every bad kind, of lists that empty, leave nothing behind`, async () => {
  const args = ["--expose-gc", join(import.meta.dirname, "leak-program.ts"), String(calls)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: isFull ? 900_000 : 60_000 });
  const { before, after, unhandled, ends } = JSON.parse(stdout) as Told;
  assert.equal(unhandled, 0);
  assert.equal(
    Object.values(ends).reduce((sum, n) => sum + n, 0),
    calls,
  );
  for (const end of ["answered", "CALL_ABORTED", "NO_SERVER_AVAILABLE", "ANSWER_UNFIT"]) {
    assert.ok((ends[end] ?? 0) > 0, `${end}: never happened, of ${JSON.stringify(ends)}`);
  }
  const uncoded = Object.keys(ends).filter((end) => end.startsWith("uncoded"));
  assert.deepEqual(uncoded, []);
  // Code that was compiled meanwhile, and connections of the moment.
  assert.ok(after - before < 12_000_000, `the heap grew from ${before} to ${after}`);
});
