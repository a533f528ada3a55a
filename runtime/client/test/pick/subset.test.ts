import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode, hash32 } from "@holdfast/kernel";
import { subset } from "../../src/pick/subset.ts";
import { wornSubset } from "../../src/pick/worn-subset.ts";
import { chance, imbalanceOf, serversOf, TestServer } from "./servers.ts";

function idsOf(servers: readonly TestServer[]): string[] {
  return servers.map((server) => server.id);
}

/** Clients per server, by id. */
function clientsPerServer(servers: readonly TestServer[], subsets: readonly (readonly TestServer[])[]) {
  const counts = new Map(servers.map((server) => [server.id, 0]));
  for (const id of subsets.flatMap(idsOf)) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}

const numbered = Array.from({ length: 100 }, (_, i) => i);
const named = Array.from({ length: 1_000 }, (_, i) => `i-${i.toString(16)}`);

test("a subset has so many servers, the same for the same client, whatever the order of the list", () => {
  const servers = serversOf(50);
  for (const client of [...numbered, ...named.slice(0, 50)]) {
    const chosen = idsOf(subset(servers, client, 7));
    assert.equal(new Set(chosen).size, 7);
    assert.deepEqual(idsOf(subset(servers.toReversed(), client, 7)).toSorted(), chosen.toSorted());
  }
});

test("a list no longer than the subset is the subset", () => {
  const servers = serversOf(5);
  assert.equal(subset(servers, "me", 5), servers);
  assert.equal(subset(servers, 3, 20), servers);
  assert.deepEqual(subset([], "me", 1), []);
});

test("numbered clients: each server has the same number of clients when rounds are whole", () => {
  const servers = serversOf(100);
  const counts = clientsPerServer(
    servers,
    numbered.map((client) => subset(servers, client, 20)),
  );
  assert.deepEqual(new Set(counts.values()), new Set([20]));
});

test("numbered clients: servers left over in one round are not those left over in the next", () => {
  const servers = serversOf(27);
  const counts = clientsPerServer(
    servers,
    numbered.map((client) => subset(servers, client, 5)),
  );
  assert.ok(Math.min(...counts.values()) >= 14 && Math.max(...counts.values()) <= 20, [...counts.values()].join());
});

test("numbered clients: when a server goes, a subset changes by one server at most, as long as rounds stay as long", () => {
  const servers = serversOf(104);
  const left = servers.slice(1);
  for (const client of numbered) {
    const before = idsOf(subset(servers, client, 20));
    const after = new Set(idsOf(subset(left, client, 20)));
    assert.ok(before.filter((id) => !after.has(id)).length <= 1, `client ${client}`);
  }
});

test("named clients: each server has as many clients as chance makes even", () => {
  const servers = serversOf(100);
  const counts = clientsPerServer(
    servers,
    named.map((client) => subset(servers, client, 20)),
  );
  assert.ok(imbalanceOf(counts) < 1.25, `${imbalanceOf(counts)}`);
  assert.ok(Math.min(...counts.values()) > 150, `${Math.min(...counts.values())}`);
});

test("named clients: when a server goes, only the subsets it was in change, by that one", () => {
  const servers = serversOf(100);
  const [gone] = servers;
  const left = servers.slice(1);
  let changed = 0;
  for (const client of named) {
    const before = idsOf(subset(servers, client, 20));
    const after = new Set(idsOf(subset(left, client, 20)));
    const lost = before.filter((id) => !after.has(id));
    assert.deepEqual(lost, before.includes(gone?.id ?? "") ? ["s-0"] : []);
    changed += lost.length;
  }
  assert.ok(changed > 150 && changed < 250, `${changed} of 1,000`);
});

test("servers whose ids have the same hash are ordered by id, not by their place in the list", () => {
  const pair = [new TestServer("i-729192"), new TestServer("i-132789")];
  assert.equal(hash32("i-729192"), hash32("i-132789"));
  assert.deepEqual(idsOf(subset(pair, "me", 1)), idsOf(subset(pair.toReversed(), "me", 1)));
});

test("a size or a client's number that is none is refused", () => {
  const servers = serversOf(3);
  for (const size of [0, -1, 1.5, Number.NaN])
    assert.throws(
      () => subset(servers, "me", size),
      (error) => hasCode(error, "OPTION_INVALID"),
    );
  for (const client of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])
    assert.throws(
      () => subset(servers, client, 2),
      (error) => hasCode(error, "OPTION_INVALID"),
    );
});

const none = () => 0;

test("Ribbon's subset: begins with so many servers by chance, of all", () => {
  const servers = serversOf(100);
  const chosen = wornSubset(servers, [], none, chance(1));
  assert.equal(new Set(chosen).size, 20);
  assert.notDeepEqual(idsOf(chosen), idsOf(wornSubset(servers, [], none, chance(2))));
});

test("Ribbon's subset: each refresh replaces a tenth, with servers it had not", () => {
  const servers = serversOf(100);
  const before = wornSubset(servers, [], none, chance());
  const after = wornSubset(servers, before, none, chance(5));
  assert.equal(new Set(after).size, 20);
  assert.equal(after.filter((server) => !before.includes(server)).length, 2);
});

test("Ribbon's subset: who has gone, is busy or has failed is replaced, and counts towards the tenth", () => {
  const servers = serversOf(60);
  const before = servers.slice(0, 20);
  const [gone, busy, failed] = before;
  assert.ok(gone !== undefined && busy !== undefined && failed !== undefined);
  busy.outstanding = 1;
  const failures = (server: TestServer) => (server === failed ? 1 : 0);
  const after = wornSubset(servers.slice(1), before, failures, chance());
  assert.deepEqual(idsOf(before.filter((server) => !after.includes(server))), ["s-0", "s-1", "s-2"]);
  assert.equal(after.length, 20);
});

test("Ribbon's subset: the worst of those within the limits go first: most failures, then most calls", () => {
  const servers = serversOf(40);
  const options = { size: 20, replacedShare: 0.1, outstandingMax: 5, failuresMax: 5 };
  for (const server of servers.slice(4, 6)) server.outstanding = 5;
  const before = servers.slice(0, 20);
  const failures = (server: TestServer) => (server.id === "s-9" ? 2 : 0);
  const after = wornSubset(servers, before, failures, chance(), options);
  assert.deepEqual(idsOf(before.filter((server) => !after.includes(server))), ["s-4", "s-9"]);
});

test("Ribbon's subset: who was thrown out comes back when there are not enough others", () => {
  const servers = serversOf(20);
  for (const server of servers) server.outstanding = 1;
  assert.equal(wornSubset(servers, servers, none, chance()).length, 20);
  const five = servers.slice(0, 5);
  assert.deepEqual(idsOf(wornSubset(five, servers, none, chance())), idsOf(five));
});

test("Ribbon's subset: a smaller size throws out so many more", () => {
  const servers = serversOf(40);
  const after = wornSubset(servers, servers.slice(0, 20), none, chance(), {
    size: 5,
    replacedShare: 0.1,
    outstandingMax: 0,
    failuresMax: 0,
  });
  assert.equal(after.length, 5);
  assert.ok(after.every((server) => servers.indexOf(server) < 20));
});
