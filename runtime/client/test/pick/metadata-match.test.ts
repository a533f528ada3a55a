import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@holdfast/kernel";
import { groupAt, groupsOf, matching, metadataWeight, pointOfUser } from "../../src/pick/metadata-match.ts";
import { chance, TestServer } from "./servers.ts";

/** Servers `s-0` and so on with these versions; `undefined` has none. */
function versions(...list: (string | undefined)[]): TestServer[] {
  return list.map((version, i) => new TestServer(`s-${i}`, "a", version === undefined ? {} : { version }));
}

/** `version: share in %, servers` of each group. */
function told(servers: readonly TestServer[], shares: Readonly<Record<string, number>>): string {
  return groupsOf(servers, "version", shares)
    .map(({ value, share, servers: list }) => `${value ?? "-"}: ${Math.round(share * 1_000) / 10} %, ${list.length}`)
    .join("; ");
}

test("match: only servers with all that is wanted", () => {
  const servers = [
    new TestServer("s-0", "a", { version: "b", tier: "gold" }),
    new TestServer("s-1", "a", { version: "b" }),
    new TestServer("s-2", "a", { tier: "gold" }),
  ];
  const ids = (wanted: Record<string, string>) => matching(servers, wanted, "none").map((server) => server.id);
  assert.deepEqual(ids({ version: "b" }), ["s-0", "s-1"]);
  assert.deepEqual(ids({ version: "b", tier: "gold" }), ["s-0"]);
  assert.deepEqual(ids({ version: "c" }), []);
  assert.deepEqual(ids({ toString: "" }), []);
});

test("match: nothing matches: all servers, or none", () => {
  const servers = versions("a", "b");
  assert.equal(matching(servers, { version: "c" }, "any"), servers);
  assert.deepEqual(matching(servers, { version: "c" }, "none"), []);
});

test("match: the same list when all match, so that what a picker keeps of it stays good", () => {
  const servers = versions("a", "a");
  assert.equal(matching(servers, { version: "a" }, "none"), servers);
  assert.equal(matching(servers, {}, "none"), servers);
});

const table: readonly (readonly [
  what: string,
  list: readonly (string | undefined)[],
  shares: Record<string, number>,
  told: string,
])[] = [
  ["a canary gets its share, the others the rest", ["a", "a", "a", "b"], { b: 0.05 }, "b: 5 %, 1; -: 95 %, 3"],
  ["a share is not per server", ["a", "b", "b", "b"], { b: 0.05 }, "b: 5 %, 3; -: 95 %, 1"],
  ["servers without the key are others", ["b", undefined], { b: 0.2 }, "b: 20 %, 1; -: 80 %, 1"],
  ["several named ones", ["c", "a", "b"], { a: 0.7, b: 0.2 }, "a: 70 %, 1; b: 20 %, 1; -: 10 %, 1"],
  ["no canary there: the others get all", ["a", "a"], { b: 0.05 }, "-: 100 %, 2"],
  ["no others there: the canary gets all", ["b", "b"], { b: 0.05 }, "b: 100 %, 2"],
  ["one of two named is not there", ["a"], { a: 0.6, b: 0.4 }, "a: 100 %, 1"],
  ["a share of 0: not a call", ["a", "b"], { b: 0 }, "-: 100 %, 1"],
  ["only servers whose share is 0: better than none", ["b", "c", "c"], { b: 0, c: 0 }, "b: 33.3 %, 1; c: 66.7 %, 2"],
  ["a share of 1: nothing for the others", ["a", "b"], { b: 1 }, "b: 100 %, 1"],
  ["thirds that come to more than 1 by rounding", ["a", "b"], { a: 0.9, b: 0.1, c: 1e-10 }, "a: 90 %, 1; b: 10 %, 1"],
  ["no shares: one group", ["a", undefined], {}, "-: 100 %, 2"],
  ["no servers: no group", [], { b: 0.5 }, ""],
];
for (const [what, list, shares, expected] of table)
  test(`groups: ${what}`, () => assert.equal(told(versions(...list), shares), expected));

test("groups: shares below 0, above 1, or above 1 together are refused by name", () => {
  for (const shares of [{ b: -0.1 }, { b: 1.1 }, { b: Number.NaN }, { a: 0.6, b: 0.6 }])
    assert.throws(
      () => groupsOf([], "version", shares),
      (error) => hasCode(error, "OPTION_INVALID") && error.message.startsWith("version"),
    );
});

test("groups: one in twenty calls goes to a canary of 5 %", () => {
  const groups = groupsOf(versions("a", "a", "b"), "version", { b: 0.05 });
  const random = chance();
  let canary = 0;
  for (let i = 0; i < 20_000; i++) if (groupAt(groups, random.next())?.value === "b") canary += 1;
  assert.ok(Math.abs(canary - 1_000) < 100, `${canary}`);
  assert.equal(groupAt([], 0.5), undefined);
});

test("groups: a user stays with one version, and with the canary while its share grows", () => {
  const users = Array.from({ length: 5_000 }, (_, i) => `user-${i}`);
  const canaryAt = (share: number): string[] => {
    const groups = groupsOf(versions("a", "b"), "version", { b: share });
    return users.filter((user) => groupAt(groups, pointOfUser(user))?.value === "b");
  };
  const few = canaryAt(0.05);
  assert.ok(Math.abs(few.length - 250) < 50, `${few.length}`);
  assert.deepEqual(canaryAt(0.05), few);
  const more = new Set(canaryAt(0.2));
  assert.ok(few.every((user) => more.has(user)));
});

test("weight: what a server says of itself, when it makes sense", () => {
  const weights = {
    "0.5": 0.5,
    "2": 2,
    " 3 ": 3,
    "1e9": 100,
    "0": 1,
    "-1": 1,
    "": 1,
    " ": 1,
    heavy: 1,
    NaN: 1,
    Infinity: 100,
  };
  for (const [weight, expected] of Object.entries(weights))
    assert.equal(metadataWeight(new TestServer("s", "a", { weight })), expected, `"${weight}"`);
  assert.equal(metadataWeight(new TestServer("s")), 1);
});
