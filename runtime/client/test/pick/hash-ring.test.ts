import assert from "node:assert/strict";
import { test } from "node:test";
import { HashRing } from "../../src/pick/hash-ring.ts";
import { chance, serversOf, type TestServer } from "./servers.ts";

/** Who owns each of many places. */
function ownersOf(ring: HashRing): (string | undefined)[] {
  const random = chance(9);
  return Array.from({ length: 2_000 }, () => ring.owner(ring.after(Math.floor(random.next() * 2 ** 32)))?.id);
}

/** Whose points these are, in their order. */
function pointsOf(ring: HashRing): (string | undefined)[] {
  return Array.from({ length: ring.points }, (_, point) => ring.owner(point)?.id);
}

test("a ring made from the one before is the ring made anew, whoever came, went or changed places", () => {
  const all = serversOf(60);
  for (let seed = 0; seed < 40; seed++) {
    const random = chance(seed);
    let servers: TestServer[] = [];
    let ring = new HashRing([]);
    for (let step = 0; step < 5; step++) {
      const share = random.next();
      servers = all.filter((server) => (random.next() < 0.9 ? servers.includes(server) : random.next() < share));
      if (random.below(3) === 0) servers.reverse();
      ring = new HashRing(servers, ring);
      const anew = new HashRing(servers);
      assert.equal(ring.points, anew.points);
      assert.deepEqual(ownersOf(ring), ownersOf(anew), `seed ${seed}, step ${step}`);
    }
  }
});

test("a server that started anew under its id keeps its places", () => {
  const [before, after] = [serversOf(10), serversOf(10)];
  const ring = new HashRing(after, new HashRing(before));
  const owner = ring.owner(ring.after(12_345));
  assert.ok(owner !== undefined && after.some((server) => server === owner));
  assert.deepEqual(ownersOf(ring), ownersOf(new HashRing(before)));
});

test("an id that is listed twice does not break the ring", () => {
  const [a, b, c] = [serversOf(3), serversOf(3), serversOf(4)];
  let ring = new HashRing(a);
  for (const servers of [[...a, ...b], c, [...c, ...a.slice(0, 1)], c, []]) {
    ring = new HashRing(servers, ring);
    assert.equal(ring.points, servers.length * 256);
    assert.deepEqual(pointsOf(ring), pointsOf(new HashRing(servers)));
  }
});

test("the last point is followed by the first", () => {
  const ring = new HashRing(serversOf(3));
  assert.equal(ring.after(2 ** 32 - 1), 0);
  assert.equal(ring.after(0), 0);
});
