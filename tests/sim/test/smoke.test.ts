import assert from "node:assert/strict";
import { test } from "node:test";
import { randomRun } from "../src/run.ts";

const from = Number(process.env["SEED"] ?? 1);
const n = Number(process.env["N"] ?? 1);
for (let seed = from; seed < from + n; seed++)
  test(`seed ${seed}`, async () => {
    const t = Date.now();
    const result = await randomRun(seed, {
      population: { instances: 36, apps: 6, eureka: 0.3, listeners: 5 },
      spells: 3,
      troubleMs: 90_000,
      quietMs: 60_000,
    });
    console.log("ms:", Date.now() - t, "events", result.events, result.digest);
    assert.equal(result.violations.length, 0, result.story);
  });
