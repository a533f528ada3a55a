import assert from "node:assert/strict";
import { test } from "node:test";
import type { Component } from "@holdfast/service";
import { FakeClock, settle } from "@holdfast/testing";
import { Lifecycle } from "../../src/lifecycle/lifecycle.ts";
import { RememberingLog } from "../remembering-log.ts";

/** Components whose phases are written down, each taking as many ms as it is told. */
class World {
  readonly clock = new FakeClock();
  readonly log = new RememberingLog();
  readonly told: string[] = [];

  part(name: string, dependsOn: readonly string[] = [], ms = 0, more: Partial<Component> = {}): Component {
    const phase = (what: string) => async (): Promise<void> => {
      this.told.push(`${what} ${name}`);
      if (ms > 0) await this.clock.sleep(ms);
      this.told.push(`${what} ${name} done`);
    };
    return { name, dependsOn, start: phase("start"), warmUp: phase("warm"), stop: phase("stop"), ...more };
  }

  lifecycle(...components: Component[]): Lifecycle {
    return new Lifecycle(this.clock, this.log, components);
  }

  /** What was told of one phase. */
  of(what: string): string[] {
    return this.told.filter((line) => line.startsWith(what)).map((line) => line.slice(what.length + 1));
  }
}

test("each starts after what it depends on, independent ones side by side; they stop the other way round", async () => {
  const world = new World();
  const life = world.lifecycle(
    world.part("api", ["cache", "database"], 10),
    world.part("cache", ["database"], 10),
    world.part("database", [], 10),
    world.part("mail", [], 10),
  );
  const started = life.start();
  await settle();
  assert.deepEqual(world.of("start"), ["database", "mail"]);
  assert.equal(life.waitingFor, "starting database, mail");
  await world.clock.advance(100);
  await started;
  const starts = world.of("start");
  assert.ok(starts.indexOf("database done") < starts.indexOf("cache"), String(starts));
  assert.ok(starts.indexOf("cache done") < starts.indexOf("api"), String(starts));
  assert.deepEqual(world.of("warm")[0], "database");
  assert.ok(
    world.told.indexOf("warm database") > world.told.indexOf("start api done"),
    "warm-up begins when all have started",
  );
  assert.deepEqual(
    life.report.map(({ name, state, startMs }) => [name, state, startMs]),
    [
      ["database", "ready", 10],
      ["cache", "ready", 10],
      ["api", "ready", 10],
      ["mail", "ready", 10],
    ],
  );
  const stopped = life.stop();
  await world.clock.advance(100);
  await stopped;
  const stops = world.of("stop");
  assert.ok(stops.indexOf("api done") < stops.indexOf("cache"), String(stops));
  assert.ok(stops.indexOf("cache done") < stops.indexOf("database"), String(stops));
  assert.ok(stops.indexOf("mail") < stops.indexOf("api done"), String(stops));
});

test("one that fails to start ends the start: what had started is stopped, what had not is left alone", async () => {
  const world = new World();
  const life = world.lifecycle(
    world.part("database"),
    world.part("cache", ["database"], 0, { start: () => Promise.reject(new Error("connection refused")) }),
    world.part("api", ["cache"]),
  );
  await assert.rejects(life.start(), {
    code: "COMPONENT_FAILED",
    message: "cache: did not start (connection refused)",
  });
  assert.deepEqual(world.of("start"), ["database", "database done"]);
  assert.deepEqual(world.of("stop"), ["database", "database done"]);
  assert.deepEqual(
    life.report.map(({ name, state, problem }) => [name, state, problem]),
    [
      ["database", "stopped", ""],
      ["cache", "failed", "connection refused"],
      ["api", "stopped", ""],
    ],
  );
});

test("one that does not start in its time has failed; after two seconds the log says what is waited for", async () => {
  const world = new World();
  const life = world.lifecycle(world.part("database", [], 60_000, { startMaxMs: 15_000 }));
  const started = assert.rejects(life.start(), { code: "COMPONENT_FAILED", message: /not done within 15000 ms/ });
  await world.clock.advance(2_000);
  assert.deepEqual(world.log.events("service.component.waiting"), [
    { component: "database", phase: "start", ms: 2_000, maxMs: 15_000 },
  ]);
  await world.clock.advance(15_000);
  await started;
  assert.equal(world.log.events("service.component.waiting").length, 2);
});

test("a warm-up that fails, or takes too long, is no reason not to serve", async () => {
  const world = new World();
  const life = world.lifecycle(
    world.part("cache", [], 0, { warmUp: () => Promise.reject(new Error("nothing there yet")) }),
    world.part("code", [], 0, { warmUp: () => new Promise(() => {}), warmUpMaxMs: 500 }),
  );
  const started = life.start();
  await world.clock.advance(600);
  await started;
  assert.deepEqual(
    life.report.map(({ state, problem }) => [state, problem]),
    [
      ["ready", "warm-up: nothing there yet"],
      ["ready", "warm-up: code: warmUp: not done within 500 ms"],
    ],
  );
});

test("a stop that hangs, or throws, holds up nobody for longer than its limit", async () => {
  const world = new World();
  const life = world.lifecycle(
    world.part("database"),
    world.part("cache", ["database"], 0, { stop: () => new Promise(() => {}), stopMaxMs: 300 }),
    world.part("mail", ["database"], 0, {
      stop: () => {
        throw new Error("no connection");
      },
    }),
  );
  await life.start();
  const stopped = life.stop();
  await world.clock.advance(299);
  assert.deepEqual(world.of("stop"), []);
  await world.clock.advance(10);
  await stopped;
  assert.deepEqual(world.of("stop"), ["database", "database done"]);
  assert.equal(world.log.events("service.component.stop.failed").length, 2);
});

test("stopped while it starts: the start under way is told, given a second, and nothing else is begun", async () => {
  const world = new World();
  let aborted = false;
  const life = world.lifecycle(
    world.part("database", [], 0, {
      start: (signal) =>
        new Promise((resolve) => {
          signal.addEventListener("abort", () => {
            aborted = true;
            resolve(undefined);
          });
        }),
    }),
    world.part("stuck", [], 0, { start: () => new Promise(() => {}) }),
    world.part("api", ["database"]),
  );
  const started = life.start();
  await settle();
  const stopped = life.stop();
  await world.clock.advance(1_100);
  await stopped;
  assert.ok(aborted);
  assert.deepEqual([world.of("start"), world.of("stop")], [[], ["database", "database done"]]);
  await world.clock.advance(60_000);
  await started;
});

const unfit: readonly (readonly [what: string, components: Component[], message: RegExp])[] = [
  [
    "a circle",
    [
      { name: "a", dependsOn: ["b"] },
      { name: "b", dependsOn: ["a"] },
    ],
    /^components\[0\]\.dependsOn: must be free of circles, got "a → b → a"$/,
  ],
  ["itself", [{ name: "a", dependsOn: ["a"] }], /free of circles/],
  [
    "an unknown name",
    [{ name: "a", dependsOn: ["z"] }],
    /^components\[0\]\.dependsOn\[0\]: must be one of a, got "z"$/,
  ],
  ["a name twice", [{ name: "a" }, { name: "a" }], /^components\[1\]\.name: must be unique/],
  ["no name", [{ name: "" }], /^components\[0\]\.name/],
  ["no time", [{ name: "a", startMaxMs: 0 }], /^components\[0\]\.startMaxMs/],
];

for (const [what, components, message] of unfit) {
  test(`components with ${what} are refused by their path`, () => {
    assert.throws(() => new World().lifecycle(...components), { code: "OPTION_INVALID", message });
  });
}
