import assert from "node:assert/strict";
import { test } from "node:test";
import { Stack, waitFor } from "@holdfast/testing";
import { appInstances, bin, bringYourOwn, load, size } from "./support.ts";

test("unmodified Express and Fastify programs are registered, balanced, replaced and restarted without a failed request", async () => {
  await using stack = await Stack.up({ bin, application: bringYourOwn });
  const instances = await appInstances(stack);
  assert.ok(instances.length >= 6, `${instances.length} instances`);

  const answered = new Set<string>();
  for (let i = 0; i < 30; i++) {
    const response = await fetch(stack.ready.edge);
    assert.equal(response.status, 200);
    await response.arrayBuffer();
    answered.add(response.headers.get("x-holdfast-instance") ?? "");
  }
  assert.ok(answered.size >= 2, `only ${[...answered].join(" ")} answered`);

  const running = load(stack.ready.edge, { rate: 50, seconds: size(8, 30), paths: ["/", "/notes", "/quotes/1"] });
  const victim = instances[0];
  assert.ok(victim?.pid);
  process.kill(victim.pid, "SIGKILL");
  await waitFor("its replacement", async () => {
    const now = await appInstances(stack);
    return now.length === instances.length && now.every((instance) => instance.id !== victim.id);
  });
  const restart = await stack.run("restart", victim.name);
  assert.equal(restart.code, 0, restart.stderr);
  const report = await running;
  assert.equal(report.failed, 0, JSON.stringify(report.failures.slice(0, 5)));
});
