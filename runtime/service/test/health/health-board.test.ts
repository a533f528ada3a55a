import assert from "node:assert/strict";
import { test } from "node:test";
import type { CheckAnswer, HealthCheck } from "@holdfast/service";
import { FakeClock, settle } from "@holdfast/testing";
import { HealthBoard } from "../../src/health/health-board.ts";

interface World {
  readonly clock: FakeClock;
  readonly board: HealthBoard;
  readonly asked: () => number;
  answer: (() => CheckAnswer | Promise<CheckAnswer>) | undefined;
  readonly changes: string[];
}

function world(more: Partial<HealthCheck> = {}): World {
  const clock = new FakeClock();
  let asked = 0;
  const made: World = {
    clock,
    asked: () => asked,
    answer: undefined,
    changes: [],
    board: new HealthBoard(clock, [
      {
        name: "store",
        check: () => {
          asked += 1;
          return made.answer?.();
        },
        ...more,
      },
    ]),
  };
  return made;
}

async function started(one: World): Promise<World> {
  await one.board.start(() => one.changes.push(one.board.health.status));
  return one;
}

const answers: readonly (readonly [answer: CheckAnswer, status: string, reason: string])[] = [
  [undefined, "pass", ""],
  [true, "pass", ""],
  ["", "pass", ""],
  [200, "pass", ""],
  [206, "pass", ""],
  [false, "fail", "store says no"],
  ["the disk is full", "fail", "store the disk is full"],
  [204, "starting", "store is still starting (204)"],
  [503, "fail", "store answered 503"],
  [302, "fail", "store answered 302"],
];

for (const [answer, status, reason] of answers) {
  test(`a check that answers ${JSON.stringify(answer) ?? "nothing"} comes to ${status}`, async () => {
    const one = world();
    one.answer = () => answer;
    const { board } = await started(one);
    assert.deepEqual(
      [board.health.status, board.health.reason, board.health.isReady],
      [status, reason, status === "pass"],
    );
    board.stop();
  });
}

test("one that throws has failed, with what it says", async () => {
  const one = world();
  one.answer = () => {
    throw new Error("connection refused");
  };
  const { board } = await started(one);
  assert.equal(board.health.reason, "store failed: connection refused");
  board.stop();
});

test("one that hangs has failed when its time is over, and is not asked again before it answers", async () => {
  const one = world({ timeoutMs: 300 });
  let finish: (answer: boolean) => void = () => {};
  one.answer = () => new Promise<boolean>((resolve) => (finish = resolve));
  const starting = one.board.start(() => {});
  await one.clock.advance(300);
  await starting;
  assert.equal(one.board.health.reason, "store took longer than 300 ms");
  await one.clock.advance(10_000);
  assert.equal(one.asked(), 1);
  one.answer = () => true;
  finish(true);
  await settle();
  await one.clock.advance(600);
  assert.equal(one.board.health.status, "pass");
  one.board.stop();
});

test("asked each 250 ms until it first passes, then each two seconds", async () => {
  const one = world();
  one.answer = () => false;
  await started(one);
  await one.clock.advance(1_000);
  assert.equal(one.asked(), 5);
  one.answer = () => true;
  await one.clock.advance(250);
  const before = one.asked();
  await one.clock.advance(4_000);
  assert.equal(one.asked() - before, 2);
  one.board.stop();
  await one.clock.advance(60_000);
  assert.equal(one.asked() - before, 2);
});

test("a dependency that all share is told of and takes nobody out; a failing liveness check is not ready either", async () => {
  const shared = world({ kind: "dependency" });
  shared.answer = () => "the database is away";
  const { board } = await started(shared);
  const { status, isReady, isLive, reason, checks } = board.health;
  assert.deepEqual([status, isReady, isLive, reason], ["warn", true, true, "store the database is away"]);
  assert.equal(checks[0]?.status, "warn");
  board.stop();
  const broken = world({ kind: "liveness" });
  broken.answer = () => "deadlocked";
  await started(broken);
  assert.deepEqual([broken.board.health.isLive, broken.board.health.isReady], [false, false]);
  broken.board.stop();
});

test("of several the worst counts, and the reason names each that fails", async () => {
  const clock = new FakeClock();
  const board = new HealthBoard(clock, [
    { name: "a", check: () => "is slow" },
    { name: "b", check: () => true },
    { name: "c", check: () => 204 },
    { name: "d", kind: "dependency", check: () => "is away" },
  ]);
  await board.start(() => {});
  assert.deepEqual([board.health.status, board.health.reason], ["fail", "a is slow; c is still starting (204)"]);
  board.stop();
});

test("names that are taken, and times that make no sense, are refused by their path", () => {
  const clock = new FakeClock();
  const check = (): void => {};
  const twice = [
    { name: "a", check },
    { name: "a", check },
  ];
  assert.throws(() => new HealthBoard(clock, twice), { code: "OPTION_INVALID", message: /^checks\[1\]\.name/ });
  assert.throws(() => new HealthBoard(clock, [{ name: "a", check, timeoutMs: 0 }]), {
    message: /^checks\[0\]\.timeoutMs/,
  });
});
