import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { hasCode, makeZones, SeededRandom, SystemClock } from "@holdfast/kernel";
import { waitFor } from "@holdfast/testing";
import { openStateDirectory, runDirectoryOf } from "../src/stack/directories.ts";
import { holdersOf, listeningInodes } from "../src/stack/port-holder.ts";
import { checkPorts, freePorts, probePort, takePortBlock } from "../src/stack/ports.ts";
import { isRunning, markOf, startTimeOfStat } from "../src/stack/processes.ts";
import { killEverything, runningProcesses, stopRemains, writeOwnProcesses } from "../src/stack/remains.ts";
import { findStack, type StackFile, writeStackFile } from "../src/stack/stack-file.ts";
import { checkFileLimit, parseFileLimit } from "../src/up/limits.ts";
import { readLock, takeLock } from "../src/up/lock.ts";
import { ManagedProcess, type ProcessChange } from "../src/up/managed-process.ts";
import { planZones } from "../src/up/plan.ts";
import { scratch } from "./scratch.ts";

const clock = new SystemClock();
const linux = { skip: process.platform === "linux" ? false : "needs /proc" };

test("the start time of a process is read past any name, and a zombie is not running", () => {
  const fields = ["S", ...Array.from({ length: 18 }, (_, i) => String(i)), "987654", "1"];
  assert.equal(startTimeOfStat(`42 (a) b (c)) ${fields.join(" ")}`), "987654");
  assert.equal(startTimeOfStat(`42 (node) Z ${fields.slice(1).join(" ")}`), undefined);
});

test("a mark fits one process only: another start time is another process", () => {
  const me = markOf(process.pid);
  assert.ok(me !== undefined && isRunning(me));
  assert.equal(isRunning({ ...me, startTime: "1" }), false);
  assert.equal(markOf(0), undefined);
});

test("listening sockets are found by address, by wildcard and by dual-stack wildcard, others are not", () => {
  const text = `  sl  local_address rem_address   st
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1
   1: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 222 1
   2: 0100007F:1F90 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 333 1
   3: 0101017F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 444 1`;
  assert.deepEqual(listeningInodes(text, "127.0.0.1", 8080), ["111", "222"]);
  assert.deepEqual(listeningInodes(text, "127.1.1.1", 8080), ["222", "444"]);
});

test("a taken port is refused by naming the process and the two ways out", linux, async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const free = await freePorts(new SeededRandom(process.pid));
  try {
    assert.deepEqual(
      holdersOf("127.0.0.1", port).map((holder) => holder.pid),
      [process.pid],
    );
    await assert.rejects(checkPorts({ ...free, edge: port }, new Set()), (error) => {
      assert.ok(hasCode(error, "PORT_TAKEN"));
      assert.match(error.message, new RegExp(`port ${port} \\(edge\\) is in use by pid ${process.pid} \\(.*node`));
      assert.match(
        String((error as { next?: string }).next),
        new RegExp(`--port edge=${port + 1}   or   holdfast up --isolated`),
      );
      return true;
    });
    // The same holder is fine when it is a process of this stack that an earlier supervisor left.
    await checkPorts({ ...free, edge: port }, new Set([process.pid]));
  } finally {
    server.close();
  }
});

test("two stacks that hash to one block of ports get different blocks", linux, async () => {
  const zones = makeZones(1, 3);
  const first = await takePortBlock("/srv/one/.holdfast", zones, undefined, new Set());
  const second = await takePortBlock("/srv/one/.holdfast", zones, undefined, new Set());
  try {
    assert.notEqual(first.base, second.base);
    assert.equal(first.base % 1_000, 0);
    assert.ok(first.base >= 10_000 && first.base <= 29_000);
  } finally {
    first.release();
    second.release();
  }
  const again = await takePortBlock("/srv/one/.holdfast", zones, first.base, new Set());
  assert.equal(again.base, first.base, "the block of the last run is kept");
  again.release();
});

test("a read-only state directory is refused with the reason", (t) => {
  const directory = scratch(t);
  const state = join(directory, "state");
  mkdirSync(join(state, "images"), { recursive: true });
  mkdirSync(join(state, "logs"));
  chmodSync(state, 0o500);
  try {
    assert.throws(
      () => openStateDirectory(state),
      (error) => hasCode(error, "STATE_NOT_WRITABLE") && error.message.includes(state),
    );
  } finally {
    chmodSync(state, 0o700);
  }
  writeFileSync(join(directory, "file"), "");
  assert.throws(
    () => openStateDirectory(join(directory, "file")),
    (error) => hasCode(error, "STATE_NOT_WRITABLE"),
  );
});

test("the run directory is short, the same for one state directory, and refused when sockets would be cut", () => {
  const run = runDirectoryOf("/home/somebody/very/deep/project/.holdfast", { XDG_RUNTIME_DIR: "/run/user/1000" });
  assert.match(run, /^\/run\/user\/1000\/holdfast-\d+\/[0-9a-f]{12}$/);
  assert.equal(
    run,
    runDirectoryOf("/home/somebody/very/deep/project/.holdfast", { XDG_RUNTIME_DIR: "/run/user/1000" }),
  );
  const deep = `/${"d".repeat(90)}`;
  assert.throws(
    () => runDirectoryOf("/a", { XDG_RUNTIME_DIR: deep }),
    (error) => hasCode(error, "SOCKET_PATH_TOO_LONG"),
  );
});

test("a second supervisor is told who holds the lock; a dead one's lock is taken over", (t) => {
  const path = join(scratch(t), "up.lock");
  const lock = takeLock(path, 1_700_000_000_000);
  assert.throws(
    () => takeLock(path, 1_700_000_000_000),
    (error) => hasCode(error, "STACK_HELD") && error.message.includes(`pid ${process.pid} holds it since 2023-11-14T`),
  );
  lock.release();
  assert.equal(existsSync(path), false);
  writeFileSync(path, JSON.stringify({ pid: process.pid, startTime: "1", since: "2020-01-01T00:00:00Z" }));
  const taken = takeLock(path, 1_700_000_000_000);
  assert.equal(readLock(path)?.startTime, markOf(process.pid)?.startTime);
  taken.release();
});

test("commands find the stack above the current directory, and say so when there is none", (t) => {
  const directory = scratch(t, { "app/.holdfast/x": "", "app/deep/er/y": "", "other/z": "" });
  const stateDirectory = join(directory, "app/.holdfast");
  const stack: StackFile = {
    version: "0.1.0",
    application: "app",
    file: join(directory, "app/holdfast.config.ts"),
    stateDirectory,
    runDirectory: "/run",
    ports: { edge: 1, console: 2, registry: 3, otlp: 4 },
    portBase: 10_000,
    zones: makeZones(1, 1),
    temporary: false,
  };
  writeStackFile(stack);
  assert.deepEqual(findStack(undefined, join(directory, "app/deep/er")), stack);
  assert.deepEqual(findStack("app", directory), stack);
  assert.deepEqual(findStack(stateDirectory, directory), stack);
  assert.throws(
    () => findStack("other", directory),
    (error) => hasCode(error, "STACK_NOT_FOUND"),
  );
});

test("zones come from the application unless the command counts them", () => {
  const regions = { "eu-1": { zones: ["left", "right"] }, "us-1": { zones: 1 } };
  assert.deepEqual(
    planZones({ regions }, { zones: undefined, regions: undefined }).map((zone) => [
      zone.name,
      zone.regionName,
      zone.region,
      zone.zone,
    ]),
    [
      ["left", "eu-1", 1, 1],
      ["right", "eu-1", 1, 2],
      ["us-1a", "us-1", 2, 1],
    ],
  );
  assert.equal(planZones({ regions }, { zones: 2, regions: undefined }).length, 4);
  assert.deepEqual(
    planZones({}, { zones: undefined, regions: 2 })
      .map((zone) => zone.name)
      .slice(2, 4),
    ["local-1c", "local-2a"],
  );
  assert.throws(
    () => planZones({}, { zones: 10, regions: undefined }),
    (error) => hasCode(error, "OPTION_INVALID"),
  );
});

test("a limit on open files below the plan is refused, a tight one is told", () => {
  assert.deepEqual(
    parseFileLimit(
      "Limit  Soft Hard Units\nMax open files            1024                 unlimited            files\n",
    ),
    {
      soft: 1_024,
      hard: Number.POSITIVE_INFINITY,
    },
  );
  assert.throws(
    () => checkFileLimit({ soft: 128, hard: 128 }, 28),
    (error) => hasCode(error, "FILE_LIMIT_TOO_LOW"),
  );
  assert.match(checkFileLimit({ soft: 1_024, hard: 1_024 }, 28) ?? "", /limit of 1024/);
  assert.equal(checkFileLimit({ soft: 20_000, hard: 20_000 }, 28), undefined);
});

/** A managed program that only waits, in a scratch directory. */
function waiting(t: Parameters<typeof scratch>[0], script = "setInterval(() => {}, 1000)") {
  const directory = scratch(t, { "program.mjs": script });
  const changes: ProcessChange[] = [];
  const spec = {
    name: "program",
    file: join(directory, "program.mjs"),
    env: {},
    logFile: join(directory, "program.log"),
    workingDirectory: directory,
  };
  const managed = new ManagedProcess(clock, spec, (change) => changes.push(change));
  t.after(async () => {
    managed.disown();
    managed.signal("SIGKILL");
    await managed.ended();
    managed.release();
  });
  return { directory, spec, changes, managed };
}

test("a killed program is started again, and no longer once it is disowned", async (t) => {
  const { managed, changes } = waiting(t);
  managed.start(undefined);
  const first = managed.mark?.pid;
  managed.signal("SIGKILL");
  await waitFor("a second start", () => managed.mark !== undefined && managed.mark.pid !== first);
  assert.deepEqual(
    changes.map((change) => change.kind),
    ["started", "exited", "started"],
  );
  managed.disown();
  managed.signal("SIGKILL");
  await managed.ended();
  assert.equal(managed.mark, undefined);
  assert.equal(changes.length, 3);
});

test("a program left by an earlier supervisor is adopted, and replaced when it ends", async (t) => {
  const { managed, changes, spec } = waiting(t);
  const left = spawn(process.execPath, [spec.file], { detached: true, stdio: "ignore" });
  const mark = await waitFor("the program", () => markOf(left.pid ?? 0));
  managed.start(mark);
  assert.deepEqual(changes, [{ kind: "adopted", pid: left.pid }]);
  left.kill("SIGKILL");
  await waitFor("its replacement", () => changes.some((change) => change.kind === "started"));
});

test("a program that cannot stay up is tried with growing pauses", async (t) => {
  const { managed, changes } = waiting(t, "process.exit(7)");
  managed.start(undefined);
  const pauses = await waitFor("three failures", () => {
    const failed = changes.filter((change) => change.kind === "exited");
    return failed.length >= 3 ? failed.map((change) => change.nextMs) : undefined;
  });
  assert.deepEqual(pauses.slice(0, 3), [250, 500, 1_000]);
});

test("what a dead supervisor left is ended by its lists, and nothing else is", linux, async (t) => {
  const run = scratch(t);
  const start = () =>
    spawn(process.execPath, ["-e", "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"], {
      detached: true,
      stdio: "ignore",
    });
  const [agent, instance, stranger] = [start(), start(), start()];
  const ends = [agent, instance].map((child) => once(child, "exit"));
  t.after(() => stranger.kill("SIGKILL"));
  const marks = [agent, instance, stranger].map((child) => markOf(child.pid ?? 0));
  const [agentMark, instanceMark, strangerMark] = marks;
  assert.ok(agentMark && instanceMark && strangerMark);
  writeOwnProcesses(run, { "agent-1.1": { ...agentMark, fingerprint: "x" } });
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  const spec = { id: `i-none-${process.pid}` };
  const instances = [
    { spec, ...instanceMark },
    { spec, ...strangerMark, startTime: "1" },
  ];
  writeFileSync(join(run, "agent-1.1.json"), JSON.stringify({ format: 1, boot, instances }));
  assert.equal(runningProcesses(run).length, 2);
  assert.equal(await stopRemains(clock, run, 200), 2);
  await Promise.all(ends);
  assert.ok(isRunning(strangerMark));
  assert.equal(killEverything(run), 0);
});

test("a port probe tells a free port from a taken one", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  assert.equal(await probePort("127.0.0.1", port), "EADDRINUSE");
  server.close();
  await once(server, "close");
  assert.equal(await probePort("127.0.0.1", port), "free");
});
