import assert from "node:assert/strict";
import { test } from "node:test";
import type { CallerReport } from "@holdfast/wire";
import { circuitWords, mergeCommands, sortCommands, toneOfCommand } from "../src/pages/resilience/merged-command.ts";
import { sparkline, withLook } from "../src/pages/resilience/rates.ts";
import { fakeResilience } from "./fake-resilience.ts";
import { fakeInstances } from "./fake-world.ts";

const callers: readonly CallerReport[] = fakeResilience(fakeInstances()).callers;

test("commands of one key are added up over all callers; the worst circuit speaks for all", () => {
  const ratings = mergeCommands(callers).find(({ key }) => key === "ratings") ?? assert.fail();
  assert.equal(ratings.callers.length, 3);
  assert.equal(ratings.requests, 140 + 40 + 140);
  assert.equal(ratings.errors, 31);
  assert.equal(ratings.events["SUCCESS"], 140 + 9 + 140);
  assert.equal(ratings.events["COMMAND_MAX_ACTIVE"], 4);
  assert.equal(ratings.perSecond, (140 + 101 + 140) / 10);
  assert.equal(ratings.state, "open");
  assert.equal(circuitWords(ratings), "open in 1 of 3");
  assert.equal(toneOfCommand(ratings), "bad");
  assert.match(ratings.why, /31 of 40/);
});

test("trouble comes first, and every other order is one's choice", () => {
  const commands = mergeCommands(callers);
  const keys = (by: Parameters<typeof sortCommands>[1]): string[] =>
    sortCommands(commands, by).map(({ key }) => key.slice(0, 7));
  assert.deepEqual(keys("trouble"), ["ratings", "billing", "recomme", "catalog"]);
  assert.deepEqual(keys("name"), ["billing", "catalog", "ratings", "recomme"]);
  assert.equal(keys("volume").at(-1), "billing");
  assert.equal(keys("latency")[0], "recomme");
});

test("rates are kept for two minutes and drawn from the right; a command that is gone is forgotten", () => {
  const commands = mergeCommands(callers);
  let rates = withLook(new Map(), commands);
  assert.equal(sparkline(rates.get("catalog") ?? [], 100, 20), undefined);
  for (let i = 0; i < 100; i++) rates = withLook(rates, commands);
  assert.equal(rates.get("catalog")?.length, 60);
  assert.match(sparkline([0, 5], 100, 20) ?? "", /^M98\.3 19\.0L100\.0 1\.0$/);
  assert.deepEqual([...withLook(rates, commands.slice(0, 1)).keys()], [commands[0]?.key]);
});
