import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { constraintNames } from "@holdfast/wire";
import fc from "fast-check";
import type { Constraint } from "../../src/placement/constraint.ts";
import { cpuMemBinPacker, cpuMemSpreader } from "../../src/placement/fitness.ts";
import type { Host } from "../../src/placement/host.ts";
import { type PlacementTask, Placer } from "../../src/placement/placer.ts";
import { resourceKinds, resources, sumOf } from "../../src/placement/resources.ts";
import { hostsInUse, scheduleOnce } from "../../src/placement/schedule.ts";
import { firstFitDecreasing } from "./first-fit-decreasing.ts";
import { mixture } from "./mixture.ts";
import { mebibyte } from "./placement-world.ts";

const names = ["a", "b", "c"];

const amounts = (most: number): fc.Arbitrary<ReturnType<typeof resources>> =>
  fc
    .record({
      milliCpu: fc.integer({ min: 0, max: most * 1_000 }),
      memoryBytes: fc.integer({ min: 0, max: most * 1_024 }).map((mib) => mib * mebibyte),
      diskBytes: fc.integer({ min: 0, max: most * 100 }),
      networkMbps: fc.integer({ min: 0, max: most * 100 }),
      ports: fc.integer({ min: 0, max: most }),
    })
    .map(resources);

const hostsArbitrary: fc.Arbitrary<Host[]> = fc
  .array(
    fc.record({
      zone: fc.constantFrom(...names),
      capacity: amounts(8),
      attributes: fc.dictionary(fc.constantFrom("machinetype", "cpumodel", "machinegroup"), fc.constantFrom(...names)),
      taints: fc.array(fc.constantFrom("gpu", "spot"), { maxLength: 1 }),
      state: fc.constantFrom("active" as const, "active" as const, "phasedOut" as const, "disabled" as const),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((list) => list.map((host, index) => ({ ...host, name: `h${index}` })));

const constraintArbitrary: fc.Arbitrary<Constraint> = fc.record({
  name: fc.constantFrom(...constraintNames),
  values: fc.array(fc.constantFrom(...names, "h0", "gpu"), { minLength: 1, maxLength: 2 }),
});

const tasksArbitrary: fc.Arbitrary<PlacementTask[]> = fc
  .array(
    fc.record({
      job: fc.constantFrom("x", "y", "z"),
      request: amounts(3),
      hard: fc.array(constraintArbitrary, { maxLength: 2 }),
      soft: fc.array(constraintArbitrary, { maxLength: 2 }),
    }),
    { maxLength: 40 },
  )
  .map((list) => list.map((task, index) => ({ ...task, id: `t${index}` })));

const options = fc.constantFrom({ strategy: cpuMemBinPacker }, { strategy: cpuMemSpreader }, { goodEnough: 0.5 });

suite("any tasks on any hosts", () => {
  test("no host is over-committed, and the sums kept are those of its tasks", () => {
    fc.assert(
      fc.property(hostsArbitrary, tasksArbitrary, options, fc.array(fc.nat(39)), (hosts, tasks, given, ends) => {
        const placer = new Placer(hosts, given);
        scheduleOnce(placer, tasks);
        for (const index of ends) placer.remove(`t${index}`);
        scheduleOnce(
          placer,
          tasks.map((task) => ({ ...task, id: `again-${task.id}` })),
        );
        for (const load of placer.loads) {
          assert.deepEqual({ ...load.used }, sumOf([...load.tasks.values()].map(({ request }) => request)));
          for (const kind of resourceKinds) assert.ok(load.used[kind] <= load.host.capacity[kind]);
        }
      }),
      { numRuns: 150 },
    );
  });

  test("whoever is refused is told of every host, with a reason that holds; whoever is placed meets every hard constraint", () => {
    fc.assert(
      fc.property(hostsArbitrary, tasksArbitrary, options, (hosts, tasks, given) => {
        const placer = new Placer(hosts, given);
        for (const task of tasks) {
          const outcome = placer.place(task);
          if (outcome.kind === "placed") {
            const at = hosts.find(({ name }) => name === outcome.host);
            assert.ok(at !== undefined && at.state !== "disabled");
            for (const { name, values } of task.hard) {
              if (name === "availabilityzone") assert.ok(values.includes(at.zone));
              if (name === "machineid") assert.ok(values.includes(at.name));
              if (name === "machinetype") assert.ok(values.includes(at.attributes["machinetype"] ?? ""));
              if (name === "activehost") assert.equal(at.state, "active");
            }
            continue;
          }
          assert.equal(outcome.hosts.length, hosts.length);
          assert.notEqual(outcome.summary, "");
          for (const { host, failures } of outcome.hosts) {
            assert.notEqual(failures.length, 0, `${task.id} on ${host}: refused without a reason`);
            for (const failure of failures) {
              if (failure.kind === "resource") assert.ok(failure.needed > failure.free);
            }
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  test("an exclusive task stands alone, unique ones stand apart, balanced ones are never two apart", () => {
    fc.assert(
      fc.property(hostsArbitrary, tasksArbitrary, options, (hosts, tasks, given) => {
        const open = hosts.map((host) => ({ ...host, taints: [], state: "active" as const }));
        const placer = new Placer(open, given);
        const flagged = tasks.map((task) => ({
          ...task,
          hard: task.hard.slice(0, 1),
          soft: [],
          job: task.hard[0]?.name ?? "none",
        }));
        for (const task of flagged) placer.place(task);
        const zones = new Map(open.map(({ zone }) => [zone, 0]));
        for (const { tasks: there, host, jobs } of placer.loads) {
          const exclusive = [...there.values()].filter(({ exclusive: alone }) => alone).length;
          assert.ok(exclusive === 0 || there.size === 1);
          assert.ok((jobs.get("uniquehost") ?? 0) <= 1);
          zones.set(host.zone, (zones.get(host.zone) ?? 0) + (jobs.get("zonebalance") ?? 0));
        }
        const counts = [...zones.values()];
        assert.ok(Math.max(...counts) - Math.min(...counts) <= 1);
      }),
      { numRuns: 150 },
    );
  });

  test("the same questions have the same answers", () => {
    fc.assert(
      fc.property(hostsArbitrary, tasksArbitrary, options, (hosts, tasks, given) => {
        const once = scheduleOnce(new Placer(hosts, given), tasks);
        assert.deepEqual(scheduleOnce(new Placer(hosts, given), tasks), once);
      }),
      { numRuns: 50 },
    );
  });
});

suite("a thousand tasks on a hundred hosts", () => {
  for (let seed = 1; seed <= 8; seed++) {
    test(`use at most 1.05 times the hosts of first-fit-decreasing (seed ${seed})`, () => {
      const { hosts, tasks } = mixture(seed);
      const placer = new Placer(hosts);
      const refused = scheduleOnce(placer, tasks).filter(({ kind }) => kind === "refused");
      const yardstick = firstFitDecreasing(hosts, tasks);
      assert.ok(yardstick !== undefined);
      assert.equal(refused.length, 0);
      const used = hostsInUse(placer);
      assert.ok(used <= 1.05 * yardstick, `${used} hosts, first-fit-decreasing ${yardstick}`);
    });
  }
});
