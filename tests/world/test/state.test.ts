import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { hasCode } from "@holdfast/kernel";
import { runHoldfast, Stack, temporaryDirectory, waitFor } from "@holdfast/testing";
import { appInstances, bin, helloProgram, processesWith, writeApplication } from "./support.ts";

const files = {
  "holdfast.config.json": '{"name":"small","services":{"hello":{"run":"node hello.js","scale":{"min":2}}}}',
  "hello.js": helloProgram,
  "package.json": '{"name":"small","type":"module"}',
};

test("a state directory that cannot be written is refused with exit code 5", async (t) => {
  if (process.getuid?.() === 0) return t.skip("skipped: needs a user other than root (root writes anywhere)");
  using directory = temporaryDirectory("ro");
  writeApplication(directory.path, files);
  mkdirSync(join(directory.path, ".holdfast"));
  chmodSync(join(directory.path, ".holdfast"), 0o555);
  const result = await runHoldfast(bin, ["up", directory.path]);
  chmodSync(join(directory.path, ".holdfast"), 0o755);
  assert.equal(result.code, 5);
  assert.match(result.stderr, /STATE_NOT_WRITABLE/);
});

test("a state directory on a read-only file system is refused with exit code 5", async (t) => {
  if (process.getuid?.() !== 0) return t.skip("skipped: needs root to mount");
  using directory = temporaryDirectory("romount");
  writeApplication(directory.path, files);
  const state = join(directory.path, ".holdfast");
  mkdirSync(state);
  execFileSync("mount", ["-t", "tmpfs", "-o", "ro,size=1m", "tmpfs", state]);
  try {
    const result = await runHoldfast(bin, ["up", directory.path]);
    assert.equal(result.code, 5, result.stderr);
    assert.match(result.stderr, /STATE_NOT_WRITABLE/);
  } finally {
    execFileSync("umount", [state]);
  }
});

test("a taken port is an error that names the process and the two ways out", async () => {
  using directory = temporaryDirectory("port");
  writeApplication(directory.path, files);
  const holder = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => holder.once("listening", resolve));
  const address = holder.address();
  assert.ok(typeof address === "object" && address !== null);
  const ports = ["--port", `edge=${address.port}`, "--port", "console=0", "--port", "registry=0"];
  const result = await runHoldfast(bin, ["up", directory.path, ...ports]);
  await new Promise((resolve) => holder.close(resolve));
  assert.equal(result.code, 5, result.stderr);
  assert.match(result.stderr, new RegExp(`pid ${process.pid}`));
  assert.match(result.stderr, /--port edge=/);
  assert.match(result.stderr, /--isolated/);
});

test("a second up says who holds the directory; a corrupt state file is moved aside and the stack starts anew", async () => {
  using directory = temporaryDirectory("twice");
  writeApplication(directory.path, files);
  const state = join(directory.path, ".holdfast");
  mkdirSync(state);
  writeFileSync(join(state, "state.db"), "this is no database ".repeat(500));
  const ports = ["--port", "edge=0", "--port", "console=0", "--port", "registry=0"];
  const up = await runHoldfast(bin, ["up", directory.path, "-d", "--json", ...ports]);
  try {
    assert.equal(up.code, 0, up.stderr);
    assert.ok(
      readdirSync(state).some((name) => name.startsWith("state.db.corrupt")),
      readdirSync(state).join(" "),
    );
    const second = await runHoldfast(bin, ["up", directory.path]);
    assert.equal(second.code, 5, second.stderr);
    assert.match(second.stderr, /pid \d+/);
  } finally {
    const down = await runHoldfast(bin, ["down", directory.path]);
    assert.equal(down.code, 0, down.stderr);
  }
  assert.deepEqual(processesWith(state), []);
});

test("with the state disk full control is read-only, says so, still replaces the dead, and recovers", async (t) => {
  if (process.getuid?.() !== 0) return t.skip("skipped: needs root to mount a small disk");
  using directory = temporaryDirectory("full");
  writeApplication(directory.path, files);
  const disk = join(directory.path, "disk");
  mkdirSync(disk);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=64m", "tmpfs", disk]);
  try {
    await using stack = await Stack.up({ bin, application: directory.path, args: ["--state", join(disk, "state")] });
    const filler = join(disk, "filler");
    const fill = (): void => {
      const { bavail, bsize } = statfsSync(disk);
      try {
        writeFileSync(filler, Buffer.alloc(Number(bavail) * Number(bsize)), { flag: "a" });
      } catch (error) {
        // The stack wrote, too, meanwhile: full is full.
        if (!hasCode(error, "ENOSPC")) throw error;
      }
    };
    const stateOf = async (): Promise<string> => (await stack.json<{ state: string }>("/v1/status")).state;
    fill();
    const victims = await appInstances(stack);
    const victim = victims[0];
    assert.ok(victim?.pid);
    process.kill(victim.pid, "SIGKILL");
    await waitFor("read-only to be said", async () => (await stateOf()) === "read-only");
    await waitFor("a replacement", async () => {
      const now = await appInstances(stack);
      if (now.length === victims.length && now.every((instance) => instance.id !== victim.id)) return true;
      // What stands in the way is worth more in a failure than "not yet".
      const said = (await stack.ps()).filter((instance) => instance.kind === "app");
      throw new Error(JSON.stringify(said.map(({ id, status, reason }) => ({ id, status, reason }))));
    });
    const refused = await stack.api("/v1/services/hello/scale", { desired: 3 });
    assert.equal(refused.status, 503);
    assert.match(await refused.text(), /STATE_READ_ONLY/);
    rmSync(filler);
    await waitFor("writable again", async () => (await stateOf()) === "writable");
    assert.equal((await stack.api("/v1/services/hello/scale", { desired: 3 })).ok, true);
  } finally {
    execFileSync("umount", ["-l", disk]);
  }
});
