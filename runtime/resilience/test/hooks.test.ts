import assert from "node:assert/strict";
import { test } from "node:test";
import { type CommandHooks, runInRequestContext } from "@holdfast/resilience";
import { World } from "./world.ts";

const names = [
  "onStart",
  "onExecutionStart",
  "onExecutionSuccess",
  "onExecutionError",
  "onFallbackStart",
  "onFallbackSuccess",
  "onFallbackError",
  "onCacheHit",
  "onSuccess",
  "onError",
  "onUnsubscribe",
] as const;

function recorder(seen: string[]): CommandHooks {
  return Object.fromEntries(names.map((name) => [name, () => void seen.push(name)]));
}

const broken = (): never => {
  throw new Error("the fallback failed");
};
// The order in which HystrixCommandTest expects its hooks.
const cases: readonly { what: "ok" | "fail" | "hang"; fallback?: () => string; open?: boolean; expected: string[] }[] =
  [
    { what: "ok", expected: ["onStart", "onExecutionStart", "onExecutionSuccess", "onSuccess"] },
    { what: "fail", expected: ["onStart", "onExecutionStart", "onExecutionError", "onError"] },
    {
      what: "fail",
      fallback: () => "instead",
      expected: [
        "onStart",
        "onExecutionStart",
        "onExecutionError",
        "onFallbackStart",
        "onFallbackSuccess",
        "onSuccess",
      ],
    },
    {
      what: "hang",
      fallback: broken,
      expected: ["onStart", "onExecutionStart", "onExecutionError", "onFallbackStart", "onFallbackError", "onError"],
    },
    { what: "ok", open: true, expected: ["onStart", "onError"] },
    {
      what: "ok",
      open: true,
      fallback: () => "instead",
      expected: ["onStart", "onFallbackStart", "onFallbackSuccess", "onSuccess"],
    },
  ];

for (const { what, fallback, open = false, expected } of cases) {
  test(`${open ? "short-circuited" : what}: ${expected.join(", ")}`, async () => {
    const seen: string[] = [];
    const world = new World({ hooks: [recorder(seen)] });
    const execute = world.scripted("k", {
      ...(fallback === undefined ? {} : { fallback }),
      properties: { "circuitBreaker.forceOpen": open },
    });
    const end = execute(what).catch(() => {});
    await world.clock.advance(1_010);
    await end;
    assert.deepEqual(seen, expected);
  });
}

test("a cached answer is a cache hit and nothing else; a call given up is onUnsubscribe", async () => {
  const seen: string[] = [];
  const world = new World({ hooks: [recorder(seen)] });
  const command = world.resilience.command<[], void>({
    key: "k",
    run: () => world.clock.sleep(5),
    cacheKey: () => "x",
  });
  const served = runInRequestContext(() => Promise.all([command.execute(), command.execute()]));
  await world.clock.advance(5);
  await served;
  assert.deepEqual(seen.splice(0), ["onStart", "onExecutionStart", "onCacheHit", "onExecutionSuccess", "onSuccess"]);
  const controller = new AbortController();
  const given = command.executeWith({ signal: controller.signal }).catch(() => {});
  controller.abort();
  await given;
  assert.deepEqual(seen, ["onStart", "onExecutionStart", "onUnsubscribe"]);
  await world.clock.advance(5);
});

test("a hook that throws changes nothing", async () => {
  const world = new World({
    hooks: [
      {
        onEvent: () => {
          throw new Error("hook");
        },
        onStart: () => {
          throw new Error("hook");
        },
      },
    ],
  });
  assert.equal(await world.scripted("k")("ok"), "ok");
  assert.deepEqual(world.events, ["SUCCESS"]);
});
