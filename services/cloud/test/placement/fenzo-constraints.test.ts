import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Host } from "../../src/placement/host.ts";
import { Placer } from "../../src/placement/placer.ts";
import { hostIn, hostsFrom, hostsNamed, perHost, placeAll, sized, summaryIn, task, tasks } from "./placement-world.ts";

/** What Netflix/Fenzo's ConstraintsTests (b9e76c7) states, by Titus's names for the same constraints. */

const request = sized(1, 1_000);

function threeVms(): Host[] {
  return ["A", "B", "C"].flatMap((letter) => hostsNamed([`host${letter}`], sized(4, 4_000), `zone${letter}`));
}

function zonesOf(hosts: Iterable<string>): Set<string> {
  return new Set([...hosts].map((name) => name.replace("host", "zone")));
}

suite("Fenzo's constraints", () => {
  test("testHardConstraint1: three tasks, one a host, though each host would hold all", () => {
    const outcomes = placeAll(new Placer(threeVms()), tasks(3, request, { job: "job", hard: { uniquehost: "true" } }));
    assert.equal(perHost(outcomes).size, 3);
  });

  test("testHardConstraint2: without the constraint one zone, with it three", () => {
    const free = perHost(placeAll(new Placer(threeVms()), tasks(3, request, { job: "job" })));
    assert.equal(zonesOf(free.keys()).size, 1);
    const held = perHost(
      placeAll(new Placer(threeVms()), tasks(3, request, { job: "job", hard: { zonebalance: "true" } })),
    );
    assert.equal(zonesOf(held.keys()).size, 3);
  });

  test("testSoftConstraint1: a soft constraint spreads as the hard one does while it can", () => {
    const outcomes = placeAll(new Placer(threeVms()), tasks(3, request, { job: "job", soft: { uniquehost: "true" } }));
    assert.equal(zonesOf(perHost(outcomes).keys()).size, 3);
  });

  test("testSoftConstraint2: with two hosts all three are placed, on both", () => {
    const outcomes = placeAll(
      new Placer(threeVms().slice(0, 2)),
      tasks(3, request, { job: "job", soft: { uniquehost: "true" } }),
    );
    const counts = perHost(outcomes);
    assert.equal(counts.size, 2);
    assert.equal(
      [...counts.values()].reduce((sum, count) => sum + count, 0),
      3,
    );
  });

  for (const kind of ["soft", "hard"] as const) {
    test(`testBalancedHostAttr, ${kind}: six tasks, two in each of three zones`, () => {
      const outcomes = placeAll(
        new Placer(threeVms()),
        tasks(6, request, { job: "job", [kind]: { zonebalance: "true" } }),
      );
      assert.deepEqual([...perHost(outcomes).values()], [2, 2, 2]);
    });
  }

  test("testUniqueHostConstraint: five without share a host, five with have one each", () => {
    const placer = new Placer(hostsFrom(0, 5, sized(8, 8_000)));
    assert.deepEqual([...perHost(placeAll(placer, tasks(5, request, { job: "free" }, "free"))).values()], [5]);
    const held = tasks(5, request, { job: "held", hard: { uniquehost: "true" } }, "held");
    // The shared host has room for three more: without the constraint it would be filled first.
    assert.equal(perHost(placeAll(placer, held)).size, 5);
  });

  test("testExclusiveHostConstraint: it goes to an empty host, the other to the one in use", () => {
    const placer = new Placer(hostsFrom(0, 2, sized(8, 8_000)));
    const used = hostIn(placer.place(task("there", request)));
    assert.equal(hostIn(placer.place(task("free", request))), used);
    assert.notEqual(hostIn(placer.place(task("alone", request, { hard: { exclusivehost: "true" } }))), used);
  });

  test("testExclusiveHostOnExistingTask: nobody joins it, and the reason says so", () => {
    const alone = new Placer(hostsNamed(["hostA"], sized(8, 8_000)));
    alone.place(task("alone", request, { hard: { exclusivehost: "true" } }));
    assert.equal(
      summaryIn(alone.place(task("late", request))),
      "hostA is taken by one task for itself (exclusivehost)",
    );
    const two = new Placer(hostsNamed(["hostA", "hostB"], sized(8, 8_000)));
    assert.equal(hostIn(two.place(task("alone", request, { hard: { exclusivehost: "true" } }))), "hostA");
    assert.equal(hostIn(two.place(task("late", request))), "hostB");
  });

  test("testHostAttrValueConstraint: the zone asked for, though another host is fuller", () => {
    const placer = new Placer(threeVms());
    const used = hostIn(placer.place(task("one", request)));
    assert.equal(hostIn(placer.place(task("two", request))), used);
    assert.equal(used, "hostA");
    assert.equal(hostIn(placer.place(task("three", request))), used);
    assert.equal(hostIn(placer.place(task("four", request, { hard: { availabilityzone: "zoneB" } }))), "hostB");
  });

  test("testHostnameValueConstraint: each on the host it names", () => {
    const placer = new Placer(threeVms().slice(0, 2));
    assert.equal(hostIn(placer.place(task("one", request, { hard: { machineid: "hostA" } }))), "hostA");
    assert.equal(hostIn(placer.place(task("two", request, { hard: { machineid: "hostB" } }))), "hostB");
  });
});
