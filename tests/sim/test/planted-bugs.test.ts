import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Mutation } from "../src/mutation.ts";
import { plantedBugs } from "../src/planted-bugs.ts";

const run = promisify(execFile);
const huntMain = fileURLToPath(new URL("../src/hunt-main.ts", import.meta.url));
const seeds = Array.from({ length: 6 }, (_, i) => i + 1);

interface Found {
  readonly where: string;
  readonly check: string;
  readonly message: string;
}

/** In a process of its own: what is loaded with the bug must not be loaded without. */
async function hunt(mutation: Mutation): Promise<Found | null> {
  const { stdout } = await run(process.execPath, [huntMain, JSON.stringify({ mutation, seeds })], { timeout: 120_000 });
  return JSON.parse(stdout) as Found | null;
}

test("every planted bug is found", { concurrency: 2 }, async (t) => {
  await Promise.all(
    plantedBugs.map((mutation) =>
      t.test(mutation.name, async (each) => {
        const found = await hunt(mutation);
        assert.ok(found, `${mutation.file}: ${mutation.find}: not found by drills or seeds 1 to ${seeds.length}`);
        each.diagnostic(`${found.where}: ${found.check}: ${found.message}`);
      }),
    ),
  );
});

test("a planted bug whose place is gone is a failure, and says so", async () => {
  const gone = { name: "gone", file: "services/registry/src/lease.ts", find: "not in there", replace: "" };
  await assert.rejects(hunt(gone), /planted bug "gone": .*lease\.ts has 0 places that read: not in there/);
  const unloaded = { name: "unloaded", file: "services/registry/src/nowhere.ts", find: "x", replace: "" };
  await assert.rejects(hunt(unloaded), /planted bug "unloaded": .*nowhere\.ts was not loaded/);
});
