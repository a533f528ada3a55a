import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { SeededRandom } from "@holdfast/kernel";
import { Stack, waitFor } from "@holdfast/testing";
import {
  alive,
  appInstances,
  bin,
  hasPython,
  type LoadReport,
  load,
  movies,
  moviesInstances,
  pids,
  size,
} from "./support.ts";

/** The promise, on the movies application: kill things under load; nobody sees an error; strength comes back. */
suite("the movies stack under load", () => {
  let stack: Stack;
  const random = new SeededRandom(2_026);
  const rate = size(60, 200);

  before(async () => {
    stack = await Stack.up({ bin, application: movies });
    // The promise is about a stack in use. What a stack costs that nobody has called yet is a figure of the benchmarks.
    await load(stack.ready.edge, { rate: 40, seconds: 5 });
  });
  after(async () => {
    await stack.down();
  });

  const fullStrength = async (): Promise<boolean> => (await appInstances(stack)).length === moviesInstances;

  function assertNoFailure(report: LoadReport): void {
    assert.ok(report.sent > 0);
    assert.equal(
      report.failed,
      0,
      `${report.failed} of ${report.sent} failed: ${JSON.stringify(report.failures.slice(0, 5))}`,
    );
  }

  test("the page shows rows of titles through the edge", async () => {
    const page = await fetch(stack.ready.edge);
    const html = await page.text();
    assert.equal(page.status, 200);
    assert.match(html, /Nosferatu|Metropolis|The General/);
  });

  test("kill -9 of a random instance every second fails no request", async () => {
    const seconds = size(8, 60);
    const running = load(stack.ready.edge, { rate, seconds });
    for (let i = 0; i < seconds - 2; i++) {
      const victims = await appInstances(stack);
      const victim = victims[random.below(victims.length)];
      if (victim?.pid) process.kill(victim.pid, "SIGKILL");
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
    assertNoFailure(await running);
    await waitFor("full strength", fullStrength);
  });

  test("an instance that stops answering (SIGSTOP), and two of three at once, fail no request", async () => {
    const seconds = size(8, 30);
    const running = load(stack.ready.edge, { rate, seconds });
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const instances = await appInstances(stack);
    const frozen = [
      ...instances.filter((instance) => instance.name === "catalog").slice(0, 2),
      ...instances.filter((instance) => instance.name === "api").slice(0, 1),
    ];
    for (const instance of frozen) if (instance.pid) process.kill(instance.pid, "SIGSTOP");
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    for (const instance of frozen) if (instance.pid && alive(instance.pid)) process.kill(instance.pid, "SIGCONT");
    assertNoFailure(await running);
    await waitFor("full strength", fullStrength);
  });

  test("all instances of one zone killed at once fail no request and are back within 5 s", async () => {
    const running = load(stack.ready.edge, { rate, seconds: size(8, 30) });
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const victims = (await appInstances(stack)).filter((instance) => instance.zone.endsWith("b"));
    assert.equal(victims.length, moviesInstances / 3);
    for (const victim of victims) if (victim.pid) process.kill(victim.pid, "SIGKILL");
    const from = performance.now();
    await waitFor("as many new instances in the zone", async () => {
      const now = (await appInstances(stack)).filter((instance) => instance.zone.endsWith("b"));
      return (
        now.length === victims.length && now.every((instance) => !victims.some((victim) => victim.id === instance.id))
      );
    });
    assert.ok(performance.now() - from <= 5_000, `took ${Math.round(performance.now() - from)} ms`);
    assertNoFailure(await running);
  });

  test("a rolling restart of every service fails no request of any method", async () => {
    const seconds = size(20, 60);
    const running = load(stack.ready.edge, { rate: size(40, 200), seconds, postShare: 0.2 });
    for (const service of [
      "catalog",
      "ratings",
      "recommendations",
      "users",
      ...(hasPython ? ["reviews"] : []),
      "api",
    ]) {
      const result = await stack.run("restart", service);
      assert.equal(result.code, 0, result.stderr);
    }
    assertNoFailure(await running);
  });

  test("killing a registry, a gateway and an agent fails no request and restarts no application instance", async () => {
    const before = await appInstances(stack);
    const running = load(stack.ready.edge, { rate, seconds: size(6, 30) });
    await new Promise((resolve) => setTimeout(resolve, 500));
    const platform = await stack.ps();
    for (const kind of ["registry", "gateway"]) {
      const victim = platform.find((instance) => instance.kind === kind);
      if (victim?.pid) process.kill(victim.pid, "SIGKILL");
    }
    assertNoFailure(await running);
    await waitFor("registries and gateways", async () => {
      const now = (await stack.ps()).filter((instance) => instance.status === "up");
      return ["registry", "gateway"].every((kind) => now.filter((instance) => instance.kind === kind).length === 3);
    });
    const now = await appInstances(stack);
    assert.deepEqual(pids(now), pids(before));
  });

  test("kill -9 of control loses nothing and stops no instance", async () => {
    const before = await appInstances(stack);
    const control = (await stack.ps()).find((instance) => instance.kind === "control");
    assert.ok(control?.pid);
    process.kill(control.pid, "SIGKILL");
    await waitFor("control to be back", async () => {
      const again = (await stack.ps()).find((instance) => instance.kind === "control");
      return again?.pid !== control.pid && (await appInstances(stack)).length === moviesInstances;
    });
    const now = await appInstances(stack);
    assert.deepEqual(pids(now), pids(before));
  });
});
