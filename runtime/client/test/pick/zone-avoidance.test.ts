import assert from "node:assert/strict";
import { test } from "node:test";
import { ZoneAvoidancePicker } from "../../src/pick/zone-avoidance.ts";
import { avoidZones, type ZoneLoad } from "../../src/pick/zone-loads.ts";
import { chance, countPicks, requestOf, TestServer } from "./servers.ts";

/** Servers, ejected ones, calls under way. */
type Row = readonly [count: number, ejected: number, outstanding: number];

/** Names of the zones that are avoided; zones are `a`, `b`, `c` in order. */
function avoidedOf(rows: readonly Row[], seed = 1): string {
  const zones = rows.map(
    ([count, ejected, outstanding], i): ZoneLoad => ({
      zone: "abc".charAt(i),
      count,
      ejected,
      outstanding,
      avoided: true,
    }),
  );
  const avoided = avoidZones(zones, chance(seed));
  const names = zones.filter((zone) => zone.avoided).map((zone) => zone.zone);
  assert.equal(names.length, avoided);
  return names.join("");
}

const table: readonly (readonly [what: string, rows: readonly Row[], avoided: string])[] = [
  [
    "idle zones are all used",
    [
      [3, 0, 0],
      [3, 0, 0],
      [3, 0, 0],
    ],
    "",
  ],
  [
    "below 0.2 calls per server all are used",
    [
      [10, 0, 1],
      [10, 0, 0],
      [10, 0, 0],
    ],
    "",
  ],
  [
    "from 0.2 on the most loaded zone is avoided",
    [
      [10, 0, 1],
      [10, 0, 2],
      [10, 0, 0],
    ],
    "b",
  ],
  [
    "load is per server, not per zone",
    [
      [10, 0, 20],
      [1, 0, 3],
      [10, 0, 20],
    ],
    "b",
  ],
  [
    "load is per server that is not ejected",
    [
      [10, 8, 6],
      [10, 0, 20],
      [10, 0, 20],
    ],
    "a",
  ],
  [
    "a zone with all servers ejected is avoided, and the most loaded too",
    [
      [3, 3, 0],
      [3, 0, 1],
      [3, 0, 0],
    ],
    "ab",
  ],
  [
    "one able server of three keeps a zone in use",
    [
      [3, 2, 0],
      [3, 0, 0],
      [3, 0, 0],
    ],
    "",
  ],
  [
    "a zone without servers is avoided, and the most loaded too",
    [
      [3, 0, 0],
      [0, 0, 0],
      [3, 0, 1],
    ],
    "bc",
  ],
  [
    "the last able zone is not avoided, whatever its load",
    [
      [3, 3, 0],
      [3, 0, 90],
      [3, 3, 0],
    ],
    "ac",
  ],
  ["a single zone is used, even when it is all ejected", [[3, 3, 0]], ""],
];
for (const [what, rows, avoided] of table) test(`zones: ${what}`, () => assert.equal(avoidedOf(rows), avoided));

test("zones: of equally loaded ones one is avoided by chance, the larger more often", () => {
  const seen = new Map<string, number>();
  for (let seed = 0; seed < 900; seed++) {
    const avoided = avoidedOf(
      [
        [6, 0, 6],
        [2, 0, 2],
        [1, 0, 1],
      ],
      seed * 977,
    );
    seen.set(avoided, (seen.get(avoided) ?? 0) + 1);
  }
  for (const [zone, count] of [
    ["a", 600],
    ["b", 200],
    ["c", 100],
  ] as const)
    assert.ok(Math.abs((seen.get(zone) ?? 0) - count) < 60, `${zone}: ${seen.get(zone)}`);
});

function zoned(counts: Readonly<Record<string, number>>): TestServer[] {
  return Object.entries(counts).flatMap(([zone, count]) =>
    Array.from({ length: count }, (_, i) => new TestServer(`${zone}${i}`, zone)),
  );
}

function sumBy(counts: ReadonlyMap<string, number>): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [id, count] of counts) sums[id.charAt(0)] = (sums[id.charAt(0)] ?? 0) + count;
  return sums;
}

test("zone avoidance: idle, it is round robin among all", () => {
  const servers = zoned({ a: 3, b: 2, c: 1 });
  const picker = new ZoneAvoidancePicker(chance());
  const counts = countPicks(servers, 60, () => picker.pick(servers, requestOf()));
  assert.deepEqual(sumBy(counts), { a: 30, b: 20, c: 10 });
});

test("zone avoidance: the busiest zone gets nothing, the others in proportion to their servers, evenly within", () => {
  const servers = zoned({ a: 3, b: 2, c: 1 });
  for (const server of servers) if (server.zone === "b") server.outstanding = 1;
  const picker = new ZoneAvoidancePicker(chance());
  const counts = countPicks(servers, 4_000, () => picker.pick(servers, requestOf()));
  const sums = sumBy(counts);
  assert.equal(sums["b"], 0);
  assert.ok(Math.abs((sums["a"] ?? 0) - 3_000) < 120, JSON.stringify(sums));
  assert.ok(Math.abs((counts.get("a0") ?? 0) - (counts.get("a2") ?? 0)) <= 1, "round robin within the zone");
});

test("zone avoidance: calls that stay under way are spread over zones of equal size, with a thousand servers too", () => {
  const servers = zoned({ a: 333, b: 333, c: 334 });
  const picker = new ZoneAvoidancePicker(chance());
  for (let i = 0; i < 3_000; i++) {
    const server = picker.pick(servers, requestOf());
    assert.ok(server instanceof TestServer);
    server.outstanding += 1;
  }
  const sums = ["a", "b", "c"].map((zone) =>
    servers.reduce((sum, server) => sum + (server.zone === zone ? server.outstanding : 0), 0),
  );
  assert.ok(Math.max(...sums) - Math.min(...sums) <= 60, sums.join());
});

test("zone avoidance: a try that has used up the good zone goes to the one it would avoid", () => {
  const servers = zoned({ a: 2, b: 1 });
  for (const server of servers) if (server.zone === "b") server.outstanding = 9;
  const picker = new ZoneAvoidancePicker(chance());
  const tried: TestServer[] = [];
  for (let i = 0; i < 3; i++) {
    const server = picker.pick(servers, requestOf({ tried }));
    assert.ok(server instanceof TestServer);
    tried.push(server);
  }
  assert.deepEqual(
    tried.map((server) => server.zone),
    ["a", "a", "b"],
  );
  assert.equal(picker.pick(servers, requestOf({ tried })), undefined);
});

test("zone avoidance: a zone that has gone is not asked, and is when it is back", () => {
  const servers = zoned({ a: 1, b: 1 });
  const picker = new ZoneAvoidancePicker(chance());
  const only = servers.slice(0, 1);
  assert.equal(sumBy(countPicks(only, 10, () => picker.pick(only, requestOf())))["a"], 10);
  assert.deepEqual(sumBy(countPicks(servers, 10, () => picker.pick(servers, requestOf()))), { a: 5, b: 5 });
});
