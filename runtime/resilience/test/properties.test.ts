import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode, type Log, silentLog } from "@holdfast/kernel";
import { CommandError, type CommandProperties } from "@holdfast/resilience";
import { errorOf, World } from "./world.ts";

const timeout = "execution.isolation.thread.timeoutInMilliseconds";

function listening(warned: unknown[]): Log {
  return { ...silentLog, warn: (_event, fields) => void warned.push(fields) };
}

// Hystrix's precedence, low to high: code default, dynamic default, instance in code, dynamic instance.
const precedence: readonly { code?: number; dynamicDefault?: number; dynamic?: number; expected: number }[] = [
  { expected: 1_000 },
  { dynamicDefault: 2_000, expected: 2_000 },
  { dynamicDefault: 2_000, code: 3_000, expected: 3_000 },
  { dynamicDefault: 2_000, code: 3_000, dynamic: 4_000, expected: 4_000 },
  { code: 3_000, expected: 3_000 },
  { dynamicDefault: 2_000, dynamic: 4_000, expected: 4_000 },
];

for (const { code, dynamicDefault, dynamic, expected } of precedence) {
  test(`of dynamic default ${dynamicDefault}, code ${code} and dynamic ${dynamic} it is ${expected}`, () => {
    const world = new World();
    if (dynamicDefault !== undefined) {
      world.config.set("application", `hystrix.command.default.${timeout}`, dynamicDefault);
    }
    if (dynamic !== undefined) world.config.set("application", `hystrix.command.get.title.${timeout}`, dynamic);
    world.scripted("get.title", code === undefined ? {} : { properties: { [timeout]: code } });
    assert.equal(world.resilience.explain("get.title")?.properties[timeout], expected);
  });
}

test("a change counts from the next call on, for its key alone", async () => {
  const world = new World();
  const one = world.scripted("one");
  const other = world.scripted("other");
  world.config.set("runtime", `hystrix.command.one.${timeout}`, "20");
  const ends = [errorOf(one("hang")), errorOf(other("hang"))];
  await world.clock.advance(30);
  assert.ok((await ends[0]) instanceof CommandError);
  assert.equal(world.counts("other").TIMEOUT, undefined);
  await world.clock.advance(1_000);
  await ends[1];
});

const absurd: readonly [Record<string, unknown>, path: string][] = [
  [{ [timeout]: 0 }, timeout],
  [{ [timeout]: 1.5 }, timeout],
  [{ [timeout]: Number.NaN }, timeout],
  [{ [timeout]: "soon" }, timeout],
  [{ "circuitBreaker.errorThresholdPercentage": 101 }, "circuitBreaker.errorThresholdPercentage"],
  [{ "circuitBreaker.enabled": "yes" }, "circuitBreaker.enabled"],
  [{ "execution.isolation.strategy": "FIBRE" }, "execution.isolation.strategy"],
  [{ "execution.isolation.strategy": "THREAD" }, "execution.isolation.strategy"],
  [{ "metrics.rollingStats.numBuckets": 3 }, "metrics.rollingStats.timeInMilliseconds"],
  [{ "circuitBreaker.sleepWindow": 5 }, "circuitBreaker.sleepWindow"],
];

for (const [properties, path] of absurd) {
  test(`${JSON.stringify(properties)} in code is refused by its path`, () => {
    const world = new World();
    assert.throws(
      () => world.scripted("k", { properties: properties as Partial<CommandProperties> }),
      (error) =>
        hasCode(error, "COMMAND_PROPERTY_INVALID") && error.message.startsWith(`hystrix.command.k.${path}: must be `),
    );
  });
}

test("what makes no sense in the configuration is warned of, and the last good value stays", () => {
  const warned: unknown[] = [];
  const world = new World({ log: listening(warned) });
  const path = `hystrix.command.k.${timeout}`;
  const value = (): unknown => world.resilience.explain("k")?.properties[timeout];
  world.config.set("application", path, 700);
  world.scripted("k");
  for (const bad of ["soon", 0, -5, true, "1.5"]) {
    world.config.set("runtime", path, bad);
    assert.equal(value(), 700, String(bad));
  }
  world.config.set("runtime", path, 800);
  assert.equal(value(), 800);
  assert.equal(warned.length, 5);
  assert.deepEqual(warned[0], { path, expected: "a number", got: "soon" });
});

test("a window that its buckets do not divide stays as it was; another window begins empty", async () => {
  const warned: unknown[] = [];
  const world = new World({ log: listening(warned) });
  const execute = world.scripted("k");
  await execute("ok");
  world.config.set("runtime", "hystrix.command.k.metrics.rollingStats.numBuckets", 7);
  assert.equal(world.resilience.explain("k")?.properties["metrics.rollingStats.numBuckets"], 10);
  assert.equal(world.counts("k").SUCCESS, 1);
  assert.equal(warned.length, 1);
  world.config.set("runtime", "hystrix.command.k.metrics.rollingStats.numBuckets", 20);
  assert.equal(world.counts("k").SUCCESS, undefined);
});

test("a command needs a name, and not that of the defaults", () => {
  const world = new World();
  for (const key of ["", "default"]) {
    assert.throws(
      () => world.scripted(key),
      (error) => hasCode(error, "COMMAND_PROPERTY_INVALID"),
    );
  }
});

test("after close the configuration is no longer followed", async () => {
  const world = new World();
  world.scripted("k");
  await world.resilience.close();
  world.config.set("runtime", `hystrix.command.k.${timeout}`, 5);
  assert.equal(world.resilience.explain("k")?.properties[timeout], 1_000);
});
