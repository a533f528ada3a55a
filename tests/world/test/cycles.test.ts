import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runHoldfast, temporaryDirectory } from "@holdfast/testing";
import { alive, bin, helloProgram, processesWith, size, writeApplication } from "./support.ts";

interface Listed {
  readonly kind: string;
  readonly pid: number | null;
}

test("cycles of up, kill -9 of control, kill -9 of everything, up, down leave no process and no taken port", async () => {
  using directory = temporaryDirectory("cycles");
  writeApplication(directory.path, {
    "holdfast.config.json": '{"name":"small","services":{"hello":{"run":"node hello.js"}}}',
    "hello.js": helloProgram,
    "package.json": '{"name":"small","type":"module"}',
  });
  const state = join(directory.path, ".holdfast");
  const ports = ["--port", "edge=18080", "--port", "console=17070", "--port", "registry=18761"];
  const up = (): ReturnType<typeof runHoldfast> => runHoldfast(bin, ["up", directory.path, "-d", ...ports]);
  const list = async (): Promise<Listed[]> => {
    const result = await runHoldfast(bin, ["ps", "--json", "--dir", directory.path]);
    assert.equal(result.code, 0, result.stderr);
    return JSON.parse(result.stdout);
  };
  for (let cycle = 0; cycle < size(1, 20); cycle++) {
    const first = await up();
    assert.equal(first.code, 0, first.stderr);
    const apps = (await list()).filter((instance) => instance.kind === "app");
    const control = (await list()).find((instance) => instance.kind === "control");
    assert.ok(control?.pid);
    process.kill(control.pid, "SIGKILL");
    for (const pid of processesWith(state)) if (alive(pid)) process.kill(pid, "SIGKILL");
    const second = await up();
    assert.equal(second.code, 0, second.stderr);
    assert.equal((await list()).filter((instance) => instance.kind === "app").length, apps.length);
    const down = await runHoldfast(bin, ["down", directory.path]);
    assert.equal(down.code, 0, down.stderr);
    assert.deepEqual(processesWith(state), []);
  }
  assert.ok(existsSync(state), "state is kept by default");
});
