import assert from "node:assert/strict";
import { test } from "node:test";
import { keepsToZone, type ZoneState } from "../../src/pick/zone-affinity.ts";
import { type ZoneCapacity, zoneByShare, zoneShares } from "../../src/pick/zone-shares.ts";
import { chance } from "./servers.ts";

/** Callers, servers, and the capacity where it is not that of the servers. */
type Row = readonly [callers: number | undefined, servers: number, capacity?: number];

/** Zones are `a`, `b`, `c` in order; the caller is in `a`. Shares in per cent, or why there are none. */
function sharesOf(rows: readonly Row[], own = "a"): Record<string, number> | string {
  const shares = zoneShares(zonesOf(rows), own);
  if (shares === undefined) return "off";
  return Object.fromEntries(shares.map(({ zone, share }) => [zone, Math.round(share * 1_000) / 10]));
}

function zonesOf(rows: readonly Row[]): ZoneCapacity[] {
  return rows.map(([callers, servers, capacity], i) => ({
    zone: "abc".charAt(i),
    servers,
    capacity: capacity ?? servers,
    callers,
  }));
}

const table: readonly (readonly [what: string, rows: readonly Row[], shares: Record<string, number> | string])[] = [
  [
    "equal zones: all calls stay",
    [
      [3, 3],
      [3, 3],
      [3, 3],
    ],
    { a: 100 },
  ],
  [
    "more capacity than callers: all calls stay",
    [
      [2, 6],
      [4, 3],
      [3, 3],
    ],
    { a: 100 },
  ],
  [
    "less capacity: what fits stays, the rest goes where there is some to spare",
    [
      [3, 2],
      [3, 4],
      [3, 3],
    ],
    { a: 66.7, b: 33.3 },
  ],
  [
    "the rest goes in proportion to what is to spare",
    [
      [6, 3],
      [2, 4],
      [2, 3],
    ],
    { a: 50, b: 33.3, c: 16.7 },
  ],
  [
    "capacity is by weight, not by servers",
    [
      [5, 5, 2.5],
      [5, 5, 5],
    ],
    { a: 66.7, b: 33.3 },
  ],
  [
    "no healthy server in the own zone: all calls leave",
    [
      [3, 0],
      [3, 6],
      [3, 3],
    ],
    { b: 100 },
  ],
  [
    "a zone with servers and no callers is all to spare",
    [
      [4, 4],
      [4, 4],
      [0, 4],
    ],
    { a: 66.7, c: 33.3 },
  ],
  [
    "a zone whose callers are not known has none",
    [
      [4, 4],
      [4, 4],
      [undefined, 4],
    ],
    { a: 66.7, c: 33.3 },
  ],
  [
    "another zone has callers and no servers: calls of this one stay",
    [
      [3, 3],
      [3, 3],
      [3, 0],
    ],
    { a: 100 },
  ],
  [
    "no callers known: equally many in each zone",
    [
      [undefined, 2],
      [undefined, 4],
    ],
    { a: 66.7, b: 33.3 },
  ],
  [
    "own callers not known: one at least",
    [
      [undefined, 3],
      [1, 9],
    ],
    { a: 50, b: 50 },
  ],
  [
    "fewer than six servers: off",
    [
      [2, 2],
      [1, 3],
    ],
    "off",
  ],
  [
    "six servers: on",
    [
      [1, 3],
      [1, 3],
    ],
    { a: 100 },
  ],
  [
    "servers in one zone only: off",
    [
      [3, 9],
      [3, 0],
    ],
    "off",
  ],
  [
    "no servers: off",
    [
      [3, 0],
      [3, 0],
    ],
    "off",
  ],
];
for (const [what, rows, shares] of table) test(`zone shares: ${what}`, () => assert.deepEqual(sharesOf(rows), shares));

test("zone shares: a caller without a zone does not look at zones; one in a zone of its own sends all elsewhere", () => {
  assert.equal(
    zoneShares(
      zonesOf([
        [3, 3],
        [3, 3],
      ]),
      undefined,
    ),
    undefined,
  );
  assert.deepEqual(
    sharesOf(
      [
        [3, 3],
        [3, 3],
      ],
      "elsewhere",
    ),
    { a: 50, b: 50 },
  );
});

test("zone shares: whatever the zones are, shares are 1 together and each server gets as much as any other", () => {
  for (let seed = 0; seed < 500; seed++) {
    const random = chance(seed);
    const zones = Array.from({ length: 2 + random.below(4) }, (_, i): ZoneCapacity => {
      const servers = random.below(5) === 0 ? 0 : 1 + random.below(20);
      return { zone: `z${i}`, servers, capacity: servers * (0.1 + random.next()), callers: 1 + random.below(20) };
    });
    const callers = zones.reduce((sum, zone) => sum + (zone.callers ?? 0), 0);
    const capacity = zones.reduce((sum, zone) => sum + zone.capacity, 0);
    const load = new Map<string, number>();
    for (const from of zones) {
      const shares = zoneShares(zones, from.zone, 0);
      // Servers in one zone at most.
      if (shares === undefined) continue;
      const total = shares.reduce((sum, { share }) => sum + share, 0);
      assert.ok(Math.abs(total - 1) < 1e-9, `seed ${seed}: ${total}`);
      for (const { zone, share } of shares)
        load.set(zone, (load.get(zone) ?? 0) + (share * (from.callers ?? 0)) / callers);
    }
    if (zones.filter((zone) => zone.servers > 0).length < 2) assert.equal(load.size, 0);
    else
      for (const zone of zones)
        assert.ok(Math.abs((load.get(zone.zone) ?? 0) - zone.capacity / capacity) < 1e-9, `seed ${seed}, ${zone.zone}`);
  }
});

test("zone shares: zones are chosen by their shares", () => {
  const shares = [
    { zone: "a", share: 0.7 },
    { zone: "b", share: 0.3 },
  ];
  const random = chance();
  const counts = { a: 0, b: 0 };
  for (let i = 0; i < 10_000; i++) {
    const zone = zoneByShare(shares, random);
    assert.ok(zone === "a" || zone === "b");
    counts[zone] += 1;
  }
  assert.ok(Math.abs(counts.a - 7_000) < 200, `${counts.a}`);
  assert.equal(zoneByShare([], random), undefined);
  // Shares that come to a little less than 1 by rounding.
  assert.equal(zoneByShare([{ zone: "a", share: 0 }], random), "a");
});

const affinity: readonly (readonly [what: string, state: ZoneState, keeps: boolean])[] = [
  ["three idle servers", { servers: 3, ejected: 0, outstanding: 0 }, true],
  ["0.5 calls per server", { servers: 4, ejected: 0, outstanding: 2 }, true],
  ["0.6 calls per server", { servers: 5, ejected: 0, outstanding: 3 }, false],
  ["0.6 calls per server that is not ejected", { servers: 10, ejected: 5, outstanding: 3 }, false],
  ["79 % ejected", { servers: 100, ejected: 79, outstanding: 0 }, true],
  ["80 % ejected", { servers: 100, ejected: 80, outstanding: 0 }, false],
  ["two servers left", { servers: 3, ejected: 1, outstanding: 0 }, true],
  ["one server left", { servers: 3, ejected: 2, outstanding: 0 }, false],
  ["no server", { servers: 0, ejected: 0, outstanding: 0 }, false],
];
for (const [what, state, keeps] of affinity)
  test(`zone affinity: ${what}: ${keeps ? "kept" : "given up"}`, () => assert.equal(keepsToZone(state), keeps));

test("zone affinity: with other limits no server at all is still not enough", () => {
  const limits = { ejectedShare: 2, loadPerServer: 9, availableMin: 0 };
  assert.equal(keepsToZone({ servers: 2, ejected: 2, outstanding: 0 }, limits), false);
  assert.equal(keepsToZone({ servers: 2, ejected: 1, outstanding: 8 }, limits), true);
});
