import assert from "node:assert/strict";
import { exec } from "node:child_process";
import { test } from "node:test";
import { Stack } from "@holdfast/testing";
import { docCommands } from "@holdfast/tools";
import { bin, load, movies, root } from "./support.ts";

/** Commands that start or stop a stack: run as written, but against a stack of their own. */
const lifecycle = /^npx holdfast (up|down)\b/;

function run(command: string, env: NodeJS.ProcessEnv): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const child = exec(command, { cwd: root, env, timeout: 60_000 }, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? 137, output: stdout + stderr });
    });
  });
}

test("every command in the documents runs and exits with 0", async () => {
  await using stack = await Stack.up({ bin, application: movies });
  // Readers' machines are not as busy as ours at this moment: a stack that nobody has called yet is a figure of the benchmarks.
  await load(stack.ready.edge, { rate: 40, seconds: 5 });
  const env = { ...process.env, NO_COLOR: "1", HOLDFAST_DIR: stack.ready.stateDirectory };
  for (const { file, line, command } of docCommands()) {
    if (lifecycle.test(command)) continue;
    const local = command
      .replaceAll("npx holdfast", `"${process.execPath}" "${bin}"`)
      .replaceAll(/http:\/\/(127\.0\.0\.1|localhost):8080/g, stack.ready.edge.replace(/\/$/, ""))
      .replace(/^npm run load --/, `"${process.execPath}" examples/movies/load/main.ts --url ${stack.ready.edge} `)
      .replace(/ logs (.*)-f\b/, " logs $1");
    const result = await run(local, env);
    assert.equal(result.code, 0, `${file}:${line} ${command}\n${result.output.slice(-2_000)}`);
  }
});

test("the lifecycle commands of the documents run as written, isolated", async () => {
  const commands = new Set(docCommands().flatMap(({ command }) => (lifecycle.test(command) ? [command] : [])));
  assert.ok(
    [...commands].some((command) => command.includes(" up ")),
    "the documents show `up`",
  );
  const up = [...commands].find((command) => / -d\b|--detach/.test(command));
  assert.ok(up, "the documents show a detached start");
  const holdfast = `"${process.execPath}" "${bin}"`;
  const started = await run(`${up.replace("npx holdfast", holdfast)} --isolated --json`, process.env);
  assert.equal(started.code, 0, started.output);
  const ready = started.output.split("\n").find((line) => line.includes('"ready"'));
  assert.ok(ready, started.output);
  const state: { stateDirectory: string } = JSON.parse(ready);
  const down = await run(`${holdfast} down --clean --dir "${state.stateDirectory}"`, process.env);
  assert.equal(down.code, 0, down.output);
});
