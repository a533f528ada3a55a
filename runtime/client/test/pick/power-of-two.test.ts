import assert from "node:assert/strict";
import { test } from "node:test";
import { PowerOfTwoPicker } from "../../src/pick/power-of-two.ts";
import { chance, countPicks, imbalanceOf, requestOf, serversOf, TestServer } from "./servers.ts";
import { SimulatedServer, simulate } from "./simulate.ts";

function twoServers(): [TestServer, TestServer] {
  return [new TestServer("s-0"), new TestServer("s-1")];
}

test("of two servers the one with fewer calls under way is picked", () => {
  const [a, b] = twoServers();
  a.outstanding = 3;
  const picker = new PowerOfTwoPicker(chance());
  assert.equal(countPicks([a, b], 100, () => picker.pick([a, b], requestOf())).get("s-1"), 100);
});

test("of two servers the faster one is picked, until it has so many calls that it would be slower", () => {
  const [a, b] = twoServers();
  a.ms = 9.5;
  b.ms = 1.5;
  const picker = new PowerOfTwoPicker(chance());
  const pick = () => picker.pick([a, b], requestOf());
  b.outstanding = 2;
  assert.equal(countPicks([a, b], 100, pick).get("s-1"), 100);
  b.outstanding = 7;
  assert.equal(countPicks([a, b], 100, pick).get("s-0"), 100);
});

test("answer times within half of each other count as equal, no more", () => {
  const [a, b] = twoServers();
  a.ms = 14;
  b.ms = 9.5;
  const picker = new PowerOfTwoPicker(chance());
  const counts = countPicks([a, b], 10_000, () => picker.pick([a, b], requestOf()));
  assert.ok(imbalanceOf(counts) < 1.05, `${imbalanceOf(counts)}`);
  a.ms = 14.5;
  assert.equal(countPicks([a, b], 100, () => picker.pick([a, b], requestOf())).get("s-1"), 100);
});

test("a server of half the weight is as busy with half the calls", () => {
  const [a, b] = twoServers();
  a.share = 0.5;
  a.outstanding = 4;
  b.outstanding = 4;
  const picker = new PowerOfTwoPicker(chance());
  assert.equal(countPicks([a, b], 100, () => picker.pick([a, b], requestOf())).get("s-1"), 100);
});

test("a server of little weight gets that share while calls are few", () => {
  const servers = Array.from({ length: 10 }, (_, i) => new SimulatedServer(`s-${i}`));
  for (const server of servers.slice(0, 1)) server.share = 0.1;
  const counts = simulate(new PowerOfTwoPicker(chance(2)), servers, 30_000, 0.4, chance(3));
  const light = counts.get("s-0") ?? 0;
  const share = (light * 9) / (27_000 - light);
  assert.ok(share > 0.07 && share < 0.2, `${share}`);
});

test("a hundred equal servers get nearly equally many of 100,000 calls", () => {
  for (const [seed, load] of [0.05, 0.2, 0.4, 0.8].entries()) {
    const servers = Array.from({ length: 100 }, (_, i) => new SimulatedServer(`s-${i}`));
    const counts = simulate(new PowerOfTwoPicker(chance(2)), servers, 100_000, load * 80, chance(seed));
    assert.ok(imbalanceOf(counts) <= 1.2, `load ${load}: ${imbalanceOf(counts)}`);
  }
});

test("a server that takes ten times as long gets far less than the others, but is asked again", () => {
  const servers = Array.from({ length: 10 }, (_, i) => new SimulatedServer(`s-${i}`));
  for (const server of servers.slice(0, 1)) server.serviceMs = 50;
  const counts = simulate(new PowerOfTwoPicker(chance(2)), servers, 30_000, 3, chance(3));
  const slow = counts.get("s-0") ?? 0;
  assert.ok(slow > 0 && slow < 300, `${slow} of 3,000`);
});

test("an empty list gives no server", () => {
  assert.equal(new PowerOfTwoPicker(chance()).pick([], requestOf()), undefined);
});

test("what was tried is not picked, and of the rest each is", () => {
  const servers = serversOf(4);
  const picker = new PowerOfTwoPicker(chance());
  const counts = countPicks(servers, 400, () => picker.pick(servers, requestOf({ tried: servers.slice(0, 2) })));
  assert.deepEqual([counts.get("s-0"), counts.get("s-1")], [0, 0]);
  assert.ok(Math.min(counts.get("s-2") ?? 0, counts.get("s-3") ?? 0) > 150);
});
