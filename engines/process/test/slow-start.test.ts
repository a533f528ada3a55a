import assert from "node:assert/strict";
import { test } from "node:test";
import type { InstanceRuntime, StartResult } from "@holdfast/engine";
import { silentLog, systemRandom } from "@holdfast/kernel";
import { FakeClock, waitFor } from "@holdfast/testing";
import { runAgent } from "../src/index.ts";
import { ZoneFixture } from "./fixture.ts";

/** Starts take as long as the test says: a machine in a cloud, an image of 100 MB. */
class SlowRuntime implements InstanceRuntime {
  readonly problem = "";
  starts = 0;
  finish: (result: StartResult) => void = () => {};

  sharesFiles(): boolean {
    return true;
  }

  hasOwnNetwork(): boolean {
    return true;
  }

  start(): Promise<StartResult> {
    this.starts += 1;
    return new Promise((resolve) => (this.finish = resolve));
  }

  adopt(): Promise<ReadonlyMap<string, never>> {
    return Promise.resolve(new Map<string, never>());
  }

  strangers(): Promise<readonly never[]> {
    return Promise.resolve([]);
  }

  forget(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

test("an order whose start takes long is answered in five seconds; its outcome is told as a change", async () => {
  await using fixture = await ZoneFixture.start({ agent: false });
  const clock = new FakeClock();
  const runtime = new SlowRuntime();
  const running = await runAgent(clock, systemRandom(), silentLog, fixture.settings, {}, runtime);
  try {
    const { agent } = running;
    const spec = await fixture.spec("anything");
    const changes: string[] = [];
    agent.subscribe(({ state, reasonCode }) => void changes.push(`${state} ${reasonCode}`));
    let answers = 0;
    const first = agent.launch(spec).finally(() => (answers += 1));
    await waitFor("the start", () => runtime.starts === 1);
    const second = agent.launch(spec).finally(() => (answers += 1));
    await clock.advance(4_999);
    assert.equal(answers, 0);
    await clock.advance(1);
    assert.deepEqual([(await first).state, (await second).state], ["starting", "starting"]);
    assert.equal(runtime.starts, 1, "asked twice, started once");
    runtime.finish({ kind: "failed", reasonCode: "NO_CAPACITY", reason: "the cloud is full" });
    await waitFor("the news", () => changes.includes("stopped NO_CAPACITY"));
    assert.equal((await agent.launch(spec)).state, "stopped");
  } finally {
    await running.close();
  }
});
