import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@holdfast/kernel";
import { pickerNamed } from "../../src/pick/pickers.ts";
import { chance, requestOf, TestServer } from "./servers.ts";

const names = [
  "power-of-two",
  "random",
  "round-robin",
  "weighted-response-time",
  "least-active",
  "availability-filtering",
  "zone-avoidance",
  "consistent-hash",
  "sticky",
];

test("each picker is found by its name, and says it", () => {
  for (const name of names) assert.equal(pickerNamed(name, chance()).name, name);
});

test("Ribbon's rules are found by their class names, with and without the package", () => {
  const rules = {
    RandomRule: "random",
    RoundRobinRule: "round-robin",
    RetryRule: "round-robin",
    WeightedResponseTimeRule: "weighted-response-time",
    ResponseTimeWeightedRule: "weighted-response-time",
    BestAvailableRule: "least-active",
    AvailabilityFilteringRule: "availability-filtering",
    ZoneAvoidanceRule: "zone-avoidance",
  };
  for (const [rule, name] of Object.entries(rules)) {
    assert.equal(pickerNamed(rule, chance()).name, name);
    assert.equal(pickerNamed(`com.netflix.loadbalancer.${rule}`, chance()).name, name);
  }
});

test("a name that no picker has is refused, with the list of those there are", () => {
  for (const name of [
    "",
    "Random",
    "com.netflix.loadbalancer.",
    "com.netflix.loadbalancer.random",
    "com.example.RandomRule",
  ]) {
    assert.throws(
      () => pickerNamed(name, chance()),
      (error) =>
        hasCode(error, "PICKER_UNKNOWN") && names.every((known) => error.message.includes(known)) && "next" in error,
      name,
    );
  }
});

test("the limit of active connections reaches the pickers that have one", () => {
  const servers = [new TestServer("s-0"), new TestServer("s-1")];
  for (const server of servers.slice(0, 1)) server.outstanding = 2;
  for (const name of ["availability-filtering", "zone-avoidance"]) {
    const picker = pickerNamed(name, chance(), 2);
    const ids = Array.from({ length: 50 }, () => picker.pick(servers, requestOf())?.id);
    assert.deepEqual(new Set(ids), new Set(["s-1"]), name);
  }
});

/** Lists, states and requests of all sorts, the same for the same seed. */
function anything(seed: number): { servers: TestServer[]; tried: TestServer[]; hashKey?: string; stickyTo?: string } {
  const random = chance(seed);
  const count = random.below(3) === 0 ? random.below(200) : random.below(6);
  const servers = Array.from({ length: count }, (_, i) => {
    const server = new TestServer(`s-${i}`, "abc".charAt(random.below(3)));
    server.outstanding = random.below(random.below(2) === 0 ? 1 : 20);
    server.ms = random.below(3) === 0 ? 0 : random.next() * 500;
    server.share = random.below(3) === 0 ? random.next() * 2 + 1e-6 : 1;
    return server;
  });
  const triedShare = [0, 0.3, 0.9, 1][random.below(4)] ?? 0;
  const tried = servers.filter(() => random.next() < triedShare);
  // Tried before the list changed.
  if (random.below(3) === 0) tried.push(new TestServer("s-0"));
  return {
    servers,
    tried,
    ...(random.below(2) === 0 ? { hashKey: random.hex(4) } : {}),
    ...(random.below(2) === 0 ? { stickyTo: `s-${random.below(6)}` } : {}),
  };
}

for (const name of names) {
  test(`${name}: an untried server of the list is picked while there is one, and none when there is not`, () => {
    for (let seed = 0; seed < 400; seed++) {
      const picker = pickerNamed(name, chance(seed), seed % 2 === 0 ? -1 : 5);
      // The same picker sees several lists, as it does when servers come and go.
      for (let step = 0; step < 3; step++) {
        const { servers, ...request } = anything(seed * 3 + step);
        const untried = servers.filter((server) => !request.tried.includes(server));
        for (let again = 0; again < 3; again++) {
          const picked = picker.pick(servers, requestOf({ ...request, nowMs: step * 40_000 }));
          const isRight = picked === undefined ? untried.length === 0 : untried.some((server) => server === picked);
          assert.ok(isRight, `seed ${seed}, step ${step}: ${picked?.id} of ${untried.length} untried`);
        }
      }
    }
  });
}

for (const name of names) {
  test(`${name}: a call that fails everywhere tries each of a hundred servers once`, () => {
    const servers = Array.from({ length: 100 }, (_, i) => new TestServer(`s-${i}`, "abc".charAt(i % 3)));
    const picker = pickerNamed(name, chance());
    const tried: TestServer[] = [];
    for (const _ of servers) {
      const server = picker.pick(servers, requestOf({ tried, hashKey: "k", stickyTo: "s-7" }));
      assert.ok(server instanceof TestServer);
      tried.push(server);
    }
    assert.equal(new Set(tried).size, 100);
    assert.equal(picker.pick(servers, requestOf({ tried, hashKey: "k", stickyTo: "s-7" })), undefined);
  });
}
