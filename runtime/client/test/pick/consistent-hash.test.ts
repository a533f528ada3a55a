import assert from "node:assert/strict";
import { test } from "node:test";
import { ConsistentHashPicker } from "../../src/pick/consistent-hash.ts";
import { PowerOfTwoPicker } from "../../src/pick/power-of-two.ts";
import { RandomPicker } from "../../src/pick/random.ts";
import { StickyPicker } from "../../src/pick/sticky.ts";
import { chance, countPicks, imbalanceOf, requestOf, serversOf, TestServer } from "./servers.ts";

const keys = Array.from({ length: 20_000 }, (_, i) => `user-${i}`);

function hashPicker(): ConsistentHashPicker {
  return new ConsistentHashPicker(new RandomPicker(chance()));
}

/** Which server each key goes to, while all are idle. */
function homes(servers: readonly TestServer[]): (string | undefined)[] {
  const picker = hashPicker();
  return keys.map((hashKey) => picker.pick(servers, requestOf({ hashKey }))?.id);
}

test("consistent hash: a key goes to the same server again, from each caller, in whatever order the list is", () => {
  const servers = serversOf(20);
  assert.deepEqual(homes(servers), homes(servers.toReversed()));
});

test("consistent hash: when one of a hundred servers leaves, only its keys move", () => {
  const servers = serversOf(100);
  const before = homes(servers);
  const after = homes(servers.slice(1));
  const moved = before.filter((home, i) => home !== after[i]);
  assert.ok(moved.length > 100, `${moved.length}`);
  assert.deepEqual(new Set(moved), new Set(["s-0"]));
});

test("consistent hash: a server that comes takes keys to itself and moves none between others", () => {
  const servers = serversOf(101);
  const before = homes(servers.slice(0, 100));
  const after = homes(servers);
  const moved = after.filter((home, i) => home !== before[i]);
  assert.deepEqual(new Set(moved), new Set(["s-100"]));
});

test("consistent hash: a hundred servers have nearly equally many keys", () => {
  const counts = new Map<string, number>();
  for (const home of homes(serversOf(100))) counts.set(home ?? "none", (counts.get(home ?? "none") ?? 0) + 1);
  assert.equal(counts.size, 100);
  assert.ok(imbalanceOf(counts) < 1.35, `${imbalanceOf(counts)}`);
});

test("consistent hash: with calls under way no server has more than 1.3 of the mean, even when all want one key", () => {
  const servers = serversOf(100);
  const picker = new ConsistentHashPicker(new PowerOfTwoPicker(chance()));
  for (let i = 0; i < 10_000; i++) {
    const server = picker.pick(servers, requestOf({ hashKey: i % 2 === 0 ? "everybody's" : keys[i] }));
    assert.ok(server instanceof TestServer);
    server.outstanding += 1;
  }
  const most = Math.max(...servers.map((server) => server.outstanding));
  assert.ok(most <= 130, `${most} of 100`);
});

test("consistent hash: a few calls at once for the same key stay together", () => {
  const servers = serversOf(100);
  const picker = hashPicker();
  const first = picker.pick(servers, requestOf({ hashKey: "k" }));
  assert.ok(first instanceof TestServer);
  first.outstanding = 3;
  assert.equal(picker.pick(servers, requestOf({ hashKey: "k" })), first);
  first.outstanding = 4;
  const second = picker.pick(servers, requestOf({ hashKey: "k" }));
  assert.notEqual(second, first);
  assert.equal(picker.pick(servers, requestOf({ hashKey: "k", tried: [first] })), second, "where a retry goes, too");
});

test("consistent hash: a server of weight 0.3 has 0.3 of its keys, and keys only come while its weight grows", () => {
  const servers = serversOf(10);
  const [light] = servers;
  assert.ok(light !== undefined);
  const keysAt = (share: number): Set<number> => {
    light.share = share;
    return new Set(homes(servers).flatMap((home, i) => (home === light.id ? [i] : [])));
  };
  const [third, half, all] = [keysAt(0.3), keysAt(0.5), keysAt(1)];
  assert.ok(Math.abs(third.size / all.size - 0.3) < 0.05, `${third.size} of ${all.size}`);
  assert.ok([...third].every((i) => half.has(i)) && [...half].every((i) => all.has(i)));
});

test("consistent hash: a call without a key is picked for by the other picker", () => {
  const servers = serversOf(4);
  const picker = hashPicker();
  assert.ok(imbalanceOf(countPicks(servers, 4_000, () => picker.pick(servers, requestOf()))) < 1.1);
  assert.equal(picker.pick([], requestOf({ hashKey: "k" })), undefined);
});

test("sticky: the server that answered until now, while it is there and was not tried", () => {
  const servers = serversOf(5);
  const picker = new StickyPicker(new RandomPicker(chance()));
  const request = requestOf({ stickyTo: "s-3" });
  assert.equal(countPicks(servers, 100, () => picker.pick(servers, request)).get("s-3"), 100);
  const tried = requestOf({ stickyTo: "s-3", tried: servers.slice(3, 4) });
  assert.equal(countPicks(servers, 100, () => picker.pick(servers, tried)).get("s-3"), 0);
  const without = servers.slice(0, 3);
  assert.ok(imbalanceOf(countPicks(without, 900, () => picker.pick(without, request))) < 1.2);
  assert.equal(countPicks(servers, 100, () => picker.pick(servers, request)).get("s-3"), 100);
  assert.ok(imbalanceOf(countPicks(servers, 5_000, () => picker.pick(servers, requestOf()))) < 1.1);
});
