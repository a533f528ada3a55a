import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { waitFor } from "@holdfast/testing";
import { Cgroup, cgroupsOfThisMachine, findCgroups, limitProblem } from "../src/system/cgroup.ts";
import { usageOfGroup } from "../src/system/usage.ts";
import { ZoneFixture } from "./fixture.ts";

const v1Mounts = `cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0
`;
const v2Mounts = "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n";
const nothing = (): string => "";
const everywhere = (): boolean => true;

test("in version 1 groups are made below our own, so that a limit on us holds for instances", () => {
  const own = "4:memory:/box/7\n1:cpu,cpuacct:/\n0::/\n";
  assert.deepEqual(findCgroups(v1Mounts, own, nothing, everywhere), {
    version: 1,
    cpu: "/sys/fs/cgroup/cpu,cpuacct",
    memory: "/sys/fs/cgroup/memory/box/7",
  });
});

test("our own group may not be visible from here; then the root of its tree serves", () => {
  const found = findCgroups(v1Mounts, "4:memory:/outside\n", nothing, () => false);
  assert.equal(found?.memory, "/sys/fs/cgroup/memory");
});

test("in version 2 groups are made beside our own, and only for controllers that are there", () => {
  const own = "0::/user.slice/session-1.scope\n";
  const asked: string[] = [];
  const controllers = (path: string): string => (asked.push(path), "cpuset cpu io memory pids\n");
  const base = "/sys/fs/cgroup/user.slice";
  assert.deepEqual(findCgroups(v2Mounts, own, controllers, everywhere), { version: 2, cpu: base, memory: base });
  assert.deepEqual(asked, [base]);
  const none = findCgroups(v2Mounts, own, () => "hugetlb\n", everywhere);
  assert.deepEqual(none, { version: 2, cpu: undefined, memory: undefined });
});

test("a machine without control groups has none", () => {
  assert.equal(findCgroups("proc /proc proc rw 0 0\n", "", nothing, everywhere), undefined);
});

test("what cannot be limited is said, each by its name", () => {
  const group = new Cgroup({ version: 2, cpu: undefined, memory: undefined }, "i-none");
  assert.equal(
    group.limit(1, { cpu: 1, memoryBytes: 1e9 }),
    "cpu is not limited: this machine has no cgroup controller for it; memory is not limited: this machine has no cgroup controller for it",
  );
  assert.equal(group.memoryKills, 0);
});

test("why limits would not hold is told before anybody relies on them", () => {
  assert.match(limitProblem({ version: 2, cpu: "/x", memory: undefined }), /no control group limits memory/);
  assert.match(limitProblem({ version: 2, cpu: "/proc", memory: "/proc" }), /cannot be made in \/proc/);
});

const trees = cgroupsOfThisMachine();
const canLimit = process.geteuid?.() === 0 && trees?.memory !== undefined && trees.cpu !== undefined;
const needs = canLimit ? false : "skipped: needs root and cgroup controllers for cpu and memory";

test("an instance that takes more memory than its limit is stopped as OUT_OF_MEMORY, and its group is removed", {
  skip: needs,
}, async () => {
  await using fixture = await ZoneFixture.start({ timings: { forgetAfterMs: 200 } });
  const engine = fixture.engine();
  const run = `node -e 'const all = []; setInterval(() => all.push(Buffer.alloc(8e6, 1)), 2)'`;
  const spec = await fixture.spec(run, { resources: { memoryBytes: 96 * 1_048_576 } });
  await engine.launch(spec);
  const group = join(trees?.memory ?? "", "holdfast", spec.id);
  assert.ok(existsSync(group));
  const stopped = await waitFor("stopped", async () => {
    const seen = await fixture.one(engine, spec.id);
    return seen?.state === "stopped" && seen;
  });
  assert.equal(stopped.reasonCode, "OUT_OF_MEMORY");
  assert.match(stopped.reason, /^killed after \d+(\.\d)? s: it needed more memory than its limit of 96 MiB$/);
  assert.deepEqual(stopped.exit, { code: null, signal: "SIGKILL" });
  await waitFor("its group is gone", () => !existsSync(group));
});

test("an adopted instance is still known to have run out of memory", { skip: needs }, async () => {
  await using fixture = await ZoneFixture.start();
  const engine = fixture.engine();
  const run = `node -e 'const all = []; process.once("SIGTERM", () => setInterval(() => all.push(Buffer.alloc(8e6, 1)), 2)); setInterval(() => {}, 1000)'`;
  const spec = await fixture.spec(run, { resources: { memoryBytes: 96 * 1_048_576 } });
  await engine.launch(spec);
  await fixture.running?.close();
  await fixture.startAgent();
  await new Promise((resolve) => setTimeout(resolve, 200));
  await engine.signal(spec.id, "SIGTERM", "let it grow");
  const stopped = await waitFor("stopped", async () => {
    const seen = await fixture.one(engine, spec.id);
    return seen?.state === "stopped" && seen;
  });
  assert.equal(stopped.reasonCode, "OUT_OF_MEMORY");
});

test("an instance gets no more processor time than its limit", { skip: needs }, async () => {
  await using fixture = await ZoneFixture.start();
  const engine = fixture.engine();
  const spec = await fixture.spec("node -e 'for (;;) {}'", { resources: { cpu: 0.1 } });
  const { pid = -1 } = await engine.launch(spec);
  await new Promise((resolve) => setTimeout(resolve, 300));
  const before = usageOfGroup(pid)?.cpuSeconds ?? Number.NaN;
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const used = (usageOfGroup(pid)?.cpuSeconds ?? Number.NaN) - before;
  // A tenth of 1.5 s, counted in hundredths, and up to two periods of 0.1 s at the edges.
  assert.ok(used > 0 && used <= 0.2, `${used} s`);
});

test("an instance without limits is in no group of its own", { skip: needs }, async () => {
  await using fixture = await ZoneFixture.start();
  const engine = fixture.engine();
  const spec = await fixture.spec("node -e 'setInterval(() => {}, 1000)'");
  await engine.launch(spec);
  assert.ok(!existsSync(join(trees?.memory ?? "", "holdfast", spec.id)));
});
