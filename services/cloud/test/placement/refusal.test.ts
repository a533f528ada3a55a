import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { hasCode } from "@holdfast/kernel";
import { constraintNames } from "@holdfast/wire";
import { readConstraints } from "../../src/placement/constraint.ts";
import type { Host } from "../../src/placement/host.ts";
import { Placer } from "../../src/placement/placer.ts";
import { hostIn, hostsFrom, hostsNamed, mebibyte, placeAll, sized, summaryIn, task, tasks } from "./placement-world.ts";

const small = sized(1, 100);

/** One that suits (`right`) and one that does not (`wrong`), told apart by one attribute. */
function pair(attribute: string, right: string, wrong: string): Host[] {
  const capacity = sized(4, 4_000);
  return [
    { name: "wrong", zone: "zone-w", capacity, attributes: { [attribute]: wrong } },
    { name: "right", zone: "zone-r", capacity, attributes: { [attribute]: right } },
  ];
}

suite("Titus's eleven constraints", () => {
  /** Name → value → hosts of which only `right` will do, and what is said of the other. */
  const table: Readonly<
    Record<string, { value: string; hosts: Host[]; said: RegExp; before?: "occupied" | "cotask" }>
  > = {
    exclusivehost: {
      value: "true",
      hosts: pair("x", "1", "1"),
      before: "occupied",
      said: /exclusivehost: 1 other on it/,
    },
    uniquehost: {
      value: "true",
      hosts: pair("x", "1", "1"),
      before: "cotask",
      said: /uniquehost: job is on it already/,
    },
    zonebalance: {
      value: "true",
      hosts: pair("x", "1", "1"),
      before: "cotask",
      said: /zonebalance: zone-w has 1 already, another zone 0/,
    },
    activehost: {
      value: "true",
      hosts: pair("x", "1", "1").map((host) =>
        host.name === "wrong" ? { ...host, state: "phasedOut" as const } : host,
      ),
      said: /activehost: it is being phased out/,
    },
    availabilityzone: { value: "zone-r", hosts: pair("x", "1", "1"), said: /zone is zone-w, not zone-r/ },
    machineid: { value: "right", hosts: pair("x", "1", "1"), said: /name is wrong, not right/ },
    machinegroup: { value: "g1", hosts: pair("machinegroup", "g1", "g2"), said: /machinegroup is g2, not g1/ },
    machinetype: {
      value: "m5.large, m5.xlarge",
      hosts: pair("machinetype", "m5.xlarge", "c5.large"),
      said: /machinetype is c5.large, not m5.large or m5.xlarge/,
    },
    cpumodel: { value: "skylake", hosts: pair("cpumodel", "skylake", "zen"), said: /cpumodel is zen, not skylake/ },
    kubebackend: {
      value: "kubelet",
      hosts: pair("other", "1", "1").map((host) =>
        host.name === "right" ? { ...host, attributes: { kubebackend: "kubelet" } } : host,
      ),
      said: /it has no kubebackend/,
    },
    toleration: {
      value: "gpu",
      hosts: pair("x", "1", "1").map((host) => ({ ...host, taints: host.name === "wrong" ? ["spot"] : ["gpu=v100"] })),
      said: /has the taint spot, which is not tolerated/,
    },
  };

  test("the table has a case for each of them", () => {
    assert.deepEqual(Object.keys(table).toSorted(), [...constraintNames].toSorted());
  });

  for (const [name, { value, hosts, said, before }] of Object.entries(table)) {
    test(`${name}: only the host that meets it is taken, and the other is told why`, () => {
      const occupied = (): Placer => {
        const placer = new Placer(hosts);
        const job = before === "cotask" ? "job" : "another";
        if (before !== undefined) placer.occupy("wrong", { id: "there", job, request: small, exclusive: false });
        return placer;
      };
      const asking = task("asking", small, { job: "job", hard: { [name]: value } });
      assert.equal(hostIn(occupied().place(asking)), "right");
      const without = occupied();
      const outcome = without.place(asking, "zone-w");
      assert.match(summaryIn(outcome), said);
      assert.equal(without.hostOf("asking"), undefined);
    });
  }

  test("a task without a toleration stays off every host with a taint", () => {
    const [host] = hostsFrom(0, 1, sized(4, 400));
    assert.ok(host);
    assert.match(summaryIn(new Placer([{ ...host, taints: ["gpu"] }]).place(task("one", small))), /taint gpu/);
  });

  test("names are read without regard to case, a false flag is none, and unknown ones are refused with the list", () => {
    assert.deepEqual(readConstraints({ ZoneBalance: "TRUE", uniqueHost: "false" }), [
      { name: "zonebalance", values: [] },
    ]);
    assert.throws(
      () => readConstraints({ zonebalanced: "true" }),
      (error) => hasCode(error, "CONSTRAINT_UNKNOWN"),
    );
    assert.throws(
      () => readConstraints({ zonebalance: "yes" }),
      (error) => hasCode(error, "CONSTRAINT_INVALID"),
    );
    assert.throws(
      () => readConstraints({ machinetype: "a,," }),
      (error) => hasCode(error, "CONSTRAINT_INVALID"),
    );
  });
});

suite("a refusal", () => {
  test("is summed up with each host counted once: 12 of 100 lack CPUs, 88 fail zonebalance", () => {
    const full = hostsFrom(0, 12, sized(2, 4_000), "zone-b");
    const free = hostsFrom(12, 88, sized(8, 4_000), "zone-a");
    const placer = new Placer([...full, ...free]);
    for (const { name } of full)
      placer.occupy(name, { id: `on-${name}`, job: "other", request: small, exclusive: false });
    placer.occupy("host12", { id: "co", job: "job", request: small, exclusive: false });
    const outcome = placer.place(task("one", sized(2, 100), { job: "job", hard: { zonebalance: "true" } }));
    assert.equal(summaryIn(outcome), "88 of 100 hosts fail zonebalance, 12 lack 2 CPUs");
    assert.ok(outcome.kind === "refused" && outcome.hosts.length === 100);
  });

  test("of a single host says what is needed and what is free, for every resource", () => {
    const capacity = { milliCpu: 1_000, memoryBytes: 512 * mebibyte, diskBytes: 0, networkMbps: 100, ports: 1 };
    const placer = new Placer([{ name: "lonely", zone: "zone-a", capacity, attributes: {} }]);
    placer.occupy("lonely", { id: "there", job: "there", request: { ...capacity, milliCpu: 500 }, exclusive: false });
    const request = {
      milliCpu: 750,
      memoryBytes: 256 * mebibyte,
      diskBytes: 2_048 * mebibyte,
      networkMbps: 1,
      ports: 1,
    };
    assert.equal(
      summaryIn(placer.place({ ...task("one", small), request }, "zone-a")),
      "lonely lacks 0.75 CPUs (0.5 CPUs free), lacks 256 MiB of memory (0 MiB of memory free), lacks 2 GiB of disk (0 MiB of disk free), lacks 1 Mbit/s of network (0 Mbit/s of network free), lacks 1 port (0 ports free); it would not do either if it were empty",
    );
  });

  test("says when waiting is no use: no host would do even if it were empty", () => {
    const placer = new Placer(hostsFrom(0, 3, sized(4, 4_000)));
    assert.equal(
      summaryIn(placer.place(task("huge", sized(5, 100)))),
      "3 of 3 hosts lack 5 CPUs; none would do either if it were empty",
    );
    placeAll(placer, tasks(3, sized(3, 100)));
    assert.equal(summaryIn(placer.place(task("two", sized(2, 100)))), "3 of 3 hosts lack 2 CPUs");
  });

  test("of a disabled host gives the reason it was disabled for", () => {
    const placer = new Placer(hostsNamed(["alpha"], sized(4, 400)));
    placer.setState("alpha", "disabled", "is about to be removed");
    assert.equal(summaryIn(placer.place(task("one", small))), "alpha is about to be removed");
  });

  test("without any host says so", () => {
    const placer = new Placer(hostsNamed(["alpha"], sized(4, 400)));
    assert.equal(summaryIn(placer.place(task("one", small), "zone-z")), "there are no hosts of zone-z");
  });

  test("a zone whose hosts are all disabled is none to be balanced over", () => {
    const hosts = [...hostsNamed(["a"], sized(4, 400), "zone-a"), ...hostsNamed(["b"], sized(4, 400), "zone-b")];
    const placer = new Placer(hosts);
    placer.setState("b", "disabled", "is in a zone that cannot be reached");
    const outcomes = placeAll(placer, tasks(3, small, { job: "job", hard: { zonebalance: "true" } }));
    assert.deepEqual(outcomes.map(hostIn), ["a", "a", "a"]);
  });

  test("what is gone makes room again", () => {
    const placer = new Placer(hostsFrom(0, 1, sized(1, 100)));
    assert.equal(hostIn(placer.place(task("one", small))), "host0");
    assert.equal(placer.place(task("two", small)).kind, "refused");
    placer.remove("one");
    assert.equal(hostIn(placer.place(task("two", small))), "host0");
  });

  test("hosts that are not there or twice there are refused by name", () => {
    assert.throws(
      () => new Placer([...hostsFrom(0, 1, small), ...hostsFrom(0, 1, small)]),
      (error) => hasCode(error, "HOST_DOUBLED"),
    );
    assert.throws(
      () => new Placer([]).setState("nowhere", "disabled"),
      (error) => hasCode(error, "HOST_UNKNOWN"),
    );
  });
});
