import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { cpuMemBinPacker, fitnessOf, type Strategy } from "../../src/placement/fitness.ts";
import { HostLoad } from "../../src/placement/host.ts";
import { Placer } from "../../src/placement/placer.ts";
import type { ResourceKind } from "../../src/placement/resources.ts";
import { hostIn, hostsFrom, perHost, placeAll, sized, task, tasks } from "./placement-world.ts";

/** What Netflix/Fenzo's BinPackingSchedulerTests and SpreadingSchedulerTests (b9e76c7) state, with their figures. */

const packers: Readonly<Record<string, Strategy>> = {
  CPU: { kind: "binpack", over: ["milliCpu"] },
  Memory: { kind: "binpack", over: ["memoryBytes"] },
  Network: { kind: "binpack", over: ["networkMbps"] },
};

suite("Fenzo's bin packing", () => {
  test("testCPUBinPacking1: the second task joins the first, of two equal hosts", () => {
    const placer = new Placer(hostsFrom(0, 2, sized(4, 100)), { strategy: packers["CPU"] ?? cpuMemBinPacker });
    const first = hostIn(placer.place(task("one", sized(1, 10))));
    assert.equal(hostIn(placer.place(task("two", sized(1, 10)))), first);
  });

  test("testCPUBinPacking2: of two hosts in use the one with more of its cores taken is filled", () => {
    const placer = new Placer(hostsFrom(0, 2, sized(4, 100)), { strategy: packers["CPU"] ?? cpuMemBinPacker });
    const first = hostIn(placer.place(task("one", sized(1, 10))));
    // Fenzo's test holds back the first host's offer for one round; a host that makes no offer is a disabled one.
    placer.setState(first, "disabled");
    const second = hostIn(placer.place(task("two", sized(2, 10))));
    assert.notEqual(second, first);
    placer.setState(first, "active");
    assert.equal(hostIn(placer.place(task("three", sized(1, 10)))), second);
  });

  for (const resource of Object.keys(packers)) {
    test(`test${resource}BinPackingWithSeveralHosts: 41 tasks fill ten small hosts and take one of ten large ones`, () => {
      const large = hostsFrom(0, 10, sized(8, 800, 800));
      const small = hostsFrom(10, 10, sized(4, 400, 400));
      const placer = new Placer([...large, ...small], { strategy: packers[resource] ?? cpuMemBinPacker });
      const counts = perHost(placeAll(placer, tasks(41, sized(1, 100, 100))));
      assert.equal(counts.size, 11);
      assert.equal(small.filter(({ name }) => counts.get(name) === 4).length, 10);
      assert.equal(large.filter(({ name }) => counts.has(name)).length, 1);
    });
  }

  test("testMemoryBinPacking2: memory decides also where hosts with more cores have less of it", () => {
    const muchMemory = hostsFrom(0, 10, sized(4, 800));
    const muchCpu = hostsFrom(10, 10, sized(8, 400));
    const placer = new Placer([...muchMemory, ...muchCpu], { strategy: packers["Memory"] ?? cpuMemBinPacker });
    const counts = perHost(placeAll(placer, tasks(41, sized(1, 100))));
    assert.equal(counts.size, 11);
    assert.equal(muchCpu.filter(({ name }) => counts.has(name)).length, 10);
    assert.equal(muchMemory.filter(({ name }) => counts.has(name)).length, 1);
  });

  test("cpuMem, which Fenzo leaves without a test, is the mean of the two", () => {
    const [host] = hostsFrom(0, 1, sized(4, 100));
    assert.ok(host);
    const load = new HostLoad(host);
    assert.equal(fitnessOf(cpuMemBinPacker, load, sized(1, 10)), (1 / 4 + 10 / 100) / 2);
    load.add({ id: "there", job: "there", request: sized(2, 50), exclusive: false });
    assert.equal(fitnessOf(cpuMemBinPacker, load, sized(1, 10)), (3 / 4 + 60 / 100) / 2);
  });

  test("the first host that is good enough is taken, though a later one would be fitter", () => {
    const hosts = [...hostsFrom(0, 1, sized(8, 800)), ...hostsFrom(1, 1, sized(2, 200))];
    assert.equal(hostIn(new Placer(hosts).place(task("one", sized(1, 100)))), "host1");
    assert.equal(hostIn(new Placer(hosts, { goodEnough: 0.1 }).place(task("one", sized(1, 100)))), "host0");
  });
});

suite("Fenzo's spreading", () => {
  const over: Readonly<Record<string, ResourceKind>> = {
    CPU: "milliCpu",
    Memory: "memoryBytes",
    Network: "networkMbps",
  };
  for (const [name, kind] of Object.entries(over)) {
    test(`${name}: ten tasks go to ten hosts, one each`, () => {
      const placer = new Placer(hostsFrom(0, 10, sized(4, 1_024, 1_024)), {
        strategy: { kind: "spread", over: [kind] },
      });
      const counts = perHost(placeAll(placer, tasks(10, sized(1, 256, 256))));
      assert.equal(counts.size, 10);
    });
  }

  test("a task that fills a host to the brim is placed, which Fenzo's spreader refuses", () => {
    const placer = new Placer(hostsFrom(0, 1, sized(4, 100)), { strategy: { kind: "spread", over: ["milliCpu"] } });
    const outcome = placer.place(task("whole", sized(4, 100)));
    assert.deepEqual(outcome, { kind: "placed", task: "whole", host: "host0", fitness: 0 });
  });
});
