import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { makeZones } from "@holdfast/kernel";
import { type ApplicationInput, parseApplication } from "@holdfast/wire/application";
import { demandOf, hostPlanOf } from "../src/control/application-hosts.ts";

const zones = makeZones(1, 2);

function parsed(more: Partial<ApplicationInput>) {
  const result = parseApplication({ services: { web: { run: "node web.js" } }, ...more });
  assert.equal(result.kind, "ok", JSON.stringify(result));
  if (result.kind !== "ok") throw new Error("not parsed");
  return result.application;
}

/** Path and message of what is wrong. */
function faultsOf(more: Record<string, unknown>): string[] {
  const result = parseApplication({ services: { web: { run: "node web.js" } }, ...more });
  if (result.kind === "ok") return [];
  return result.faults.map(({ path, message }) => `${path.join(".")} ${message}`);
}

suite("hosts in the application file", () => {
  test("an application without hosts has no plan", () => {
    assert.equal(hostPlanOf(parsed({}), zones), undefined);
  });

  test("a host is read with its size, its count and its defaults", () => {
    const hosts: ApplicationInput["hosts"] = [
      {
        name: "big",
        zone: "local-1a",
        cpu: 4,
        memory: "8GiB",
        disk: "100GiB",
        network: 1_000,
        attributes: { machinetype: "m5" },
      },
      {
        name: "flex",
        zone: "local-1b",
        cpu: 0.5,
        memory: "1GiB",
        count: { min: 1, max: 3 },
        idle: { min: 1, max: 2 },
        cooldown: "10s",
      },
    ];
    const plan = hostPlanOf(parsed({ hosts }), zones);
    const [big, flex] = plan?.sets ?? [];
    assert.deepEqual([big?.min, big?.max, big?.cooldownMs], [1, 1, 60_000]);
    assert.deepEqual(big?.attributes, { machinetype: "m5" });
    assert.deepEqual(
      [big?.capacity.milliCpu, big?.capacity.memoryBytes, big?.capacity.diskBytes, big?.capacity.networkMbps],
      [4_000, 8 * 2 ** 30, 100 * 2 ** 30, 1_000],
    );
    assert.deepEqual([flex?.min, flex?.max, flex?.idle, flex?.cooldownMs], [1, 3, { min: 1, max: 2 }, 10_000]);
    assert.equal(flex?.capacity.diskBytes, Number.POSITIVE_INFINITY);
  });

  test("a host that names no zone stands in every one", () => {
    const plan = hostPlanOf(parsed({ hosts: [{ name: "rack", cpu: 2, memory: "2GiB", count: 2 }] }), zones);
    assert.deepEqual(
      plan?.sets.map(({ name, zone, min }) => [name, zone, min]),
      [
        ["rack-local-1a", "local-1a", 2],
        ["rack-local-1b", "local-1b", 2],
      ],
    );
  });

  test("what a service asks for comes from its resources, constraints and packing; the rest has defaults", () => {
    const { services } = parsed({
      hosts: [{ name: "big", cpu: 4, memory: "8GiB" }],
      capacityGroups: [{ name: "front", tier: "critical", cpu: 1 }],
      services: {
        web: { run: "node web.js" },
        api: {
          run: "node api.js",
          resources: { cpu: 1.5, memory: "1GiB", disk: "2GiB", network: 10 },
          constraints: { hard: { UniqueHost: "true" }, soft: { machinetype: "m5,m6" } },
          packing: "spread",
          capacityGroup: "front",
        },
      },
    });
    assert.ok(services["web"] !== undefined && services["api"] !== undefined);
    assert.deepEqual(demandOf(services["web"]).request, {
      milliCpu: 100,
      memoryBytes: 128 * 2 ** 20,
      diskBytes: 0,
      networkMbps: 0,
    });
    assert.deepEqual(demandOf(services["api"]), {
      request: { milliCpu: 1_500, memoryBytes: 2 ** 30, diskBytes: 2 * 2 ** 30, networkMbps: 10 },
      hard: [{ name: "uniquehost", values: [] }],
      soft: [{ name: "machinetype", values: ["m5", "m6"] }],
      packing: "spread",
      capacityGroup: "front",
    });
  });
});

suite("bad hosts", () => {
  const good = { name: "a", cpu: 4, memory: "8GiB" };
  const table: readonly [string, Record<string, unknown>, RegExp][] = [
    ["a negative size", { hosts: [{ ...good, cpu: -1 }] }, /^hosts\.0\.cpu must be more than 0 cores/],
    ["a memory that is no size", { hosts: [{ ...good, memory: "much" }] }, /^hosts\.0\.memory must be a size/],
    ["no hosts at all", { hosts: [] }, /^hosts /],
    ["a name twice", { hosts: [good, good] }, /^hosts\.1\.name is there already: a/],
    [
      "a name that a count makes",
      {
        hosts: [
          { ...good, count: 2 },
          { ...good, name: "a-2" },
        ],
      },
      /^hosts\.1\.name is there already: a-2/,
    ],
    [
      "max below min",
      { hosts: [{ ...good, count: { min: 3, max: 1 } }] },
      /^hosts\.0\.count.* must be at least min|^hosts\.0\.count /,
    ],
    [
      "idle max below min",
      { hosts: [{ ...good, idle: { min: 3, max: 1 } }] },
      /^hosts\.0\.idle\.max must be at least min/,
    ],
    ["a field that is none", { hosts: [{ ...good, gpu: 1 }] }, /^hosts\.0\.gpu is not a known field/],
    [
      "a service larger than every host",
      { hosts: [good], services: { web: { run: "x", resources: { cpu: 5 } } } },
      /^services\.web\.resources asks for more than any host has \(5 cores, 128MiB of memory\)/,
    ],
    [
      "a constraint that is none",
      { services: { web: { run: "x", constraints: { hard: { colour: "red" } } } } },
      /^services\.web\.constraints\.hard\.colour is no constraint; known: exclusivehost/,
    ],
    [
      "a flag that is no flag",
      { services: { web: { run: "x", constraints: { soft: { zonebalance: "maybe" } } } } },
      /^services\.web\.constraints\.soft\.zonebalance must be "true" or "false", got maybe/,
    ],
    [
      "a capacity group that nobody declared",
      { services: { web: { run: "x", capacityGroup: "front" } } },
      /^services\.web\.capacityGroup names no capacity group; known: none/,
    ],
    ["a tier that is none", { capacityGroups: [{ name: "a", tier: "gold" }] }, /^capacityGroups\.0\.tier /],
  ];
  for (const [what, given, expected] of table) {
    test(`${what} is refused where it stands`, () => {
      const faults = faultsOf(given);
      assert.ok(
        faults.some((fault) => expected.test(fault)),
        faults.join("\n"),
      );
    });
  }

  test("a zone that the stack does not have is refused with those that it has", () => {
    const application = parsed({ hosts: [{ name: "a", zone: "mars-1a", cpu: 1, memory: "1GiB" }] });
    assert.throws(() => hostPlanOf(application, zones), {
      code: "HOST_ZONE_UNKNOWN",
      message: "hosts[0] a: there is no zone mars-1a",
      next: "one of local-1a, local-1b, or leave zone out for one in each",
    });
  });

  test("more than there is cannot be guaranteed", () => {
    const application = parsed({
      hosts: [{ name: "a", zone: "local-1a", cpu: 2, memory: "1GiB" }],
      capacityGroups: [{ name: "front", cpu: 3 }],
    });
    assert.throws(() => hostPlanOf(application, zones), { code: "CAPACITY_GUARANTEE_TOO_LARGE", status: 422 });
  });
});
