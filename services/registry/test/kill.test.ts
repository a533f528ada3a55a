import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { SeededRandom, SystemClock, silentLog, systemRandom } from "@holdfast/kernel";
import { FakeClock, waitFor } from "@holdfast/testing";
import { Registry } from "../src/registry.ts";
import { type RunningRegistry, startRegistry } from "../src/start.ts";
import { freePorts } from "./cluster.ts";
import { recordOf } from "./records.ts";

const listens =
  "require('node:net').createServer().listen(0, '127.0.0.1', function () { console.log(this.address().port) })";

/** A process that listens, and its port. */
async function startChild(): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(process.execPath, ["-e", listens], { stdio: ["ignore", "pipe", "ignore"] });
  const [said] = (await once(child.stdout ?? child, "data")) as [Buffer];
  return { child, port: Number(said.toString()) };
}

test("an instance that is killed is gone from every registry within 1.5 s when two zones look at its port, and others stay", async () => {
  const ports = await freePorts(2);
  const urls = ports.map((port) => `http://127.0.0.1:${port}`);
  const children = [await startChild(), await startChild()];
  const running: RunningRegistry[] = [];
  try {
    for (const [i, port] of ports.entries()) {
      const name = `local-1${"ab"[i]}`;
      const settings = { name, zone: name, peers: urls.filter((_, other) => other !== i), probe: "tcp" } as const;
      running.push(await startRegistry(new SystemClock(), systemRandom(), silentLog, settings, { port }));
    }
    await Promise.all(running.map(({ synced }) => synced));
    await waitFor("the links", () => running.every(({ registry }) => registry.peers()[0]?.state === "up"));
    for (const [i, { port }] of children.entries()) {
      running[0]?.registry.register(recordOf(`i-${i}`, { zone: "local-1a", address: "127.0.0.1", port }));
    }
    await waitFor("both at both", () => running.every(({ registry }) => registry.size === 2));
    await waitFor("a look at them", () => {
      return ["i-0", "i-1"].every((id) => running[0]?.registry.why("catalog", id).probes[0]?.verdict === "alive");
    });

    children[0]?.child.kill("SIGKILL");
    const startMs = performance.now();
    await waitFor("its end", () => running.every(({ registry }) => registry.get("catalog", "i-0") === undefined), {
      everyMs: 5,
    });
    const tookMs = performance.now() - startMs;

    assert.ok(tookMs <= 1_500, `it took ${Math.round(tookMs)} ms`);
    for (const { registry } of running) {
      assert.equal(registry.get("catalog", "i-1")?.status, "UP");
      assert.match(
        registry.why("catalog", "i-0").summary,
        /probed dead: its port refuses connections, seen from local-1a and local-1b/,
      );
    }
  } finally {
    for (const { child } of children) child.kill("SIGKILL");
    await Promise.all(running.map((one) => one.close()));
  }
});

test("an instance that is killed is gone within 10 s without probes, in whatever moment of its heartbeat it dies", async () => {
  for (let diedMs = 0; diedMs < 3_000; diedMs += 250) {
    const clock = new FakeClock();
    const registry = new Registry(clock, new SeededRandom(diedMs), silentLog, { name: "a", peers: [] });
    void registry.start();
    await clock.advance(100 + diedMs / 7);
    registry.register(recordOf("i-1"));
    await clock.advance(3_000);
    registry.renewOwn("catalog", "i-1", recordOf("i-1"));
    await clock.advance(diedMs);
    const startMs = clock.monotonicMs();
    while (registry.size > 0 && clock.monotonicMs() - startMs < 20_000) await clock.advance(50);
    const tookMs = clock.monotonicMs() - startMs;
    assert.ok(tookMs > 5_900 && tookMs <= 10_050, `died ${diedMs} ms after its heartbeat, gone ${tookMs} ms later`);
    const closing = registry.close();
    await clock.advance(1_000);
    await closing;
  }
});
