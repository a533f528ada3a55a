import assert from "node:assert/strict";
import { test } from "node:test";
import { AvailabilityFilteringPicker } from "../../src/pick/availability-filtering.ts";
import { LeastActivePicker } from "../../src/pick/least-active.ts";
import { WeightedResponseTimePicker } from "../../src/pick/weighted-response-time.ts";
import { chance, countPicks, imbalanceOf, requestOf, serversOf, TestServer } from "./servers.ts";

/** Servers whose `field` is as told, in order. */
function having(field: "outstanding" | "ms" | "share", values: readonly number[]): TestServer[] {
  return values.map((value, i) => {
    const server = new TestServer(`s-${i}`);
    server[field] = value;
    return server;
  });
}

function assertNear(counts: ReadonlyMap<string, number>, expected: readonly number[], within: number): void {
  for (const [i, count] of expected.entries()) {
    const got = counts.get(`s-${i}`) ?? 0;
    assert.ok(Math.abs(got - count) <= within, `s-${i}: ${got} instead of ${count}`);
  }
}

test("weighted response time: round robin until there are averages, looked for each second", () => {
  const servers = serversOf(4);
  const picker = new WeightedResponseTimePicker(chance());
  const at = (nowMs: number) => countPicks(servers, 4_000, () => picker.pick(servers, requestOf({ nowMs })));
  assertNear(at(0), [1_000, 1_000, 1_000, 1_000], 0);
  for (const [i, server] of servers.entries()) server.ms = i === 0 ? 100 : 10;
  assertNear(at(999), [1_000, 1_000, 1_000, 1_000], 0);
  // 130 − 100 = 30 and 3 × (130 − 10) = 360, of 390.
  assertNear(at(1_000), [308, 1_231, 1_231, 1_231], 100);
});

test("weighted response time: weights are kept for 30 s, and worked out anew at once for a new list", () => {
  const servers = having("ms", [10, 10, 10]);
  const picker = new WeightedResponseTimePicker(chance());
  const at = (list: readonly TestServer[], nowMs: number) =>
    countPicks(servers, 3_000, () => picker.pick(list, requestOf({ nowMs })));
  assertNear(at(servers, 0), [1_000, 1_000, 1_000], 100);
  for (const server of servers.slice(0, 1)) server.ms = 100;
  assertNear(at(servers, 29_999), [1_000, 1_000, 1_000], 100);
  // 120 − 100 = 20 and 2 × 110, of 240.
  assertNear(at(servers, 30_000), [250, 1_375, 1_375], 100);
  for (const server of servers.slice(0, 1)) server.ms = 10;
  assertNear(at(servers, 30_001), [250, 1_375, 1_375], 100);
  assertNear(at([...servers], 30_002), [1_000, 1_000, 1_000], 100);
});

test("weighted response time: a server that has not answered counts as average, not as the fastest", () => {
  const servers = having("ms", [0, 50, 50, 50]);
  const picker = new WeightedResponseTimePicker(chance());
  assertNear(
    countPicks(servers, 4_000, () => picker.pick(servers, requestOf())),
    [1_000, 1_000, 1_000, 1_000],
    120,
  );
});

test("weighted response time: one server alone has no weight, and is picked", () => {
  const servers = having("ms", [50]);
  assert.equal(new WeightedResponseTimePicker(chance()).pick(servers, requestOf())?.id, "s-0");
});

test("weighted response time: of two, the one that was tried is left even when it has nearly all the weight", () => {
  const servers = having("ms", [1, 10_000]);
  const picker = new WeightedResponseTimePicker(chance());
  const request = requestOf({ tried: servers.slice(0, 1) });
  assert.equal(countPicks(servers, 100, () => picker.pick(servers, request)).get("s-1"), 100);
});

test("availability filtering: busy servers are passed by, the others take turns", () => {
  const servers = having("outstanding", [0, 5, 0, 9, 4]);
  const picker = new AvailabilityFilteringPicker(chance(), 5);
  const counts = countPicks(servers, 300, () => picker.pick(servers, requestOf()));
  assert.deepEqual([counts.get("s-1"), counts.get("s-3")], [0, 0]);
  assertNear(counts, [100, 0, 100, 0, 100], 60);
});

test("availability filtering: the only free server among a thousand is found", () => {
  const servers = serversOf(1_000);
  for (const server of servers) server.outstanding = 2;
  const [, , , free] = servers;
  assert.ok(free !== undefined);
  free.outstanding = 1;
  const picker = new AvailabilityFilteringPicker(chance(), 2);
  assert.equal(countPicks(servers, 50, () => picker.pick(servers, requestOf())).get("s-3"), 50);
});

test("availability filtering: when all are busy, all count", () => {
  const servers = having("outstanding", [5, 6, 7]);
  const picker = new AvailabilityFilteringPicker(chance(), 5);
  assertNear(
    countPicks(servers, 300, () => picker.pick(servers, requestOf())),
    [100, 100, 100],
    40,
  );
});

test("availability filtering: without a limit, as Ribbon's -1, it is round robin", () => {
  const servers = having("outstanding", [0, 1_000, 50]);
  const picker = new AvailabilityFilteringPicker(chance());
  assertNear(
    countPicks(servers, 300, () => picker.pick(servers, requestOf())),
    [100, 100, 100],
    0,
  );
});

test("least active: the fewest calls win, and a tried one does not", () => {
  const servers = having("outstanding", [3, 1, 2]);
  const picker = new LeastActivePicker(chance());
  assert.equal(picker.pick(servers, requestOf())?.id, "s-1");
  assert.equal(picker.pick(servers, requestOf({ tried: servers.slice(1, 2) }))?.id, "s-2");
  assert.equal(picker.pick(servers, requestOf({ tried: servers })), undefined);
});

test("least active: among idle servers all get calls, in proportion to weight", () => {
  const even = serversOf(10);
  const picker = new LeastActivePicker(chance());
  assert.ok(imbalanceOf(countPicks(even, 10_000, () => picker.pick(even, requestOf()))) < 1.15);
  const uneven = having("share", [0.1, 1, 1]);
  assertNear(
    countPicks(uneven, 2_100, () => picker.pick(uneven, requestOf())),
    [100, 1_000, 1_000],
    90,
  );
});

test("least active: a server of half the weight is as busy with half the calls", () => {
  const servers = having("outstanding", [2, 3]);
  for (const server of servers.slice(0, 1)) server.share = 0.5;
  assert.equal(new LeastActivePicker(chance()).pick(servers, requestOf())?.id, "s-1");
});
