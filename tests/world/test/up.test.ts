import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runHoldfast, type StackInstance, temporaryDirectory, waitFor } from "@holdfast/testing";
import { alive, bin, helloProgram, processesWith, writeApplication } from "./support.ts";

const files = {
  "holdfast.config.ts": 'export default { name: "small", services: { hello: { run: "node hello.js" } } };\n',
  "hello.js": helloProgram,
  "package.json": '{"name":"small","type":"module"}',
};
const freePorts = ["--port", "edge=0", "--port", "console=0", "--port", "registry=0"];

interface Application {
  readonly directory: string;
  readonly state: string;
  readonly up: () => ReturnType<typeof runHoldfast>;
  readonly ps: () => Promise<StackInstance[]>;
  readonly down: () => Promise<void>;
  /** Pid of a program of the stack, by its name in `run/processes.json`. */
  readonly pidOf: (name: string) => number;
}

function application(directory: string): Application {
  writeApplication(directory, files);
  const state = join(directory, ".holdfast");
  const runDirectory = (): string => JSON.parse(readFileSync(join(state, "stack.json"), "utf8")).runDirectory;
  return {
    directory,
    state,
    up: () => runHoldfast(bin, ["up", directory, "-d", ...freePorts]),
    ps: async () => {
      const result = await runHoldfast(bin, ["ps", "--json", "--dir", directory]);
      assert.equal(result.code, 0, result.stdout + result.stderr);
      return JSON.parse(result.stdout);
    },
    down: async () => {
      const down = await runHoldfast(bin, ["down", directory]);
      assert.equal(down.code, 0, down.stderr);
      assert.deepEqual(processesWith(state), []);
    },
    pidOf: (name) =>
      name === "up"
        ? JSON.parse(readFileSync(join(runDirectory(), "up.lock"), "utf8")).pid
        : JSON.parse(readFileSync(join(runDirectory(), "processes.json"), "utf8"))[name].pid,
  };
}

/** Instances by id and pid: equal lists mean that nothing was restarted. */
function identities(instances: readonly StackInstance[]): string[] {
  return instances
    .filter((instance) => instance.kind !== "control")
    .map((instance) => `${instance.id} ${instance.pid}`)
    .sort();
}

test("killing the supervisor, control or an agent restarts no instance, and a new up takes everything over", async () => {
  using temporary = temporaryDirectory("takeover");
  const app = application(temporary.path);
  const first = await app.up();
  assert.equal(first.code, 0, first.stderr);
  try {
    const before = identities(await app.ps());

    for (const name of ["control", "agent-1.2"]) {
      const pid = app.pidOf(name);
      process.kill(pid, "SIGKILL");
      await waitFor(`another ${name}`, () => app.pidOf(name) !== pid && alive(app.pidOf(name)));
      await waitFor("the same instances", async () => {
        const now = await app.ps();
        assert.deepEqual(identities(now), before);
        return now.every((instance) => instance.status === "up");
      });
    }

    const [supervisor, control, agent] = ["up", "control", "agent-1.1"].map(app.pidOf);
    process.kill(supervisor ?? -1, "SIGKILL");
    const second = await app.up();
    assert.equal(second.code, 0, second.stderr);
    assert.notEqual(app.pidOf("up"), supervisor);
    assert.deepEqual(
      [app.pidOf("control"), app.pidOf("agent-1.1")],
      [control, agent],
      "they were taken over, not started again",
    );
    assert.deepEqual(identities(await app.ps()), before);
  } finally {
    await app.down();
  }
});

test("down ends what a dead supervisor left", async () => {
  using temporary = temporaryDirectory("remains");
  const app = application(temporary.path);
  const up = await app.up();
  assert.equal(up.code, 0, up.stderr);
  process.kill(app.pidOf("up"), "SIGKILL");
  await app.down();
  assert.ok(existsSync(app.state));
  const again = await runHoldfast(bin, ["down", app.directory, "--clean"]);
  assert.equal(again.code, 0);
  assert.equal(existsSync(app.state), false);
});

test("down finds a stack whose state directory was removed while it ran", async () => {
  using temporary = temporaryDirectory("removed");
  const app = application(temporary.path);
  const up = await app.up();
  assert.equal(up.code, 0, up.stderr);
  rmSync(app.state, { recursive: true });
  await app.down();
});

for (const [count, ends] of [
  [1, 130],
  [2, 130],
] as const) {
  test(`ctrl-c ${count === 1 ? "stops in order" : "twice stops at once"}, also while it is starting, and leaves nothing`, async () => {
    for (const waitForReady of [true, false]) {
      using temporary = temporaryDirectory("ctrl-c");
      const app = application(temporary.path);
      const child = spawn(process.execPath, [bin, "up", app.directory, "--json", ...freePorts], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let printed = "";
      child.stdout.on("data", (chunk) => {
        printed += String(chunk);
      });
      const exit = once(child, "exit");
      await waitFor(
        "the first process",
        () => printed.includes(waitForReady ? '"event":"ready"' : '"event":"process"'),
        { timeoutMs: 30_000 },
      );
      child.kill("SIGINT");
      if (count === 2) {
        await new Promise((resolve) => setTimeout(resolve, 400));
        child.kill("SIGINT");
      }
      const [code] = await exit;
      assert.equal(code, ends, printed.slice(-2_000));
      assert.deepEqual(processesWith(app.state), []);
    }
  });
}
