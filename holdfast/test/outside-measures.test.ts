import assert from "node:assert/strict";
import { test } from "node:test";
import { InstanceFigures } from "@holdfast/insight-server";
import type { InstanceId } from "@holdfast/kernel";
import { FakeClock, settle } from "@holdfast/testing";
import type { InstanceObservation } from "@holdfast/wire";
import { measureFromOutside } from "../src/control/outside-measures.ts";

function instance(id: string, registeredByEngine: boolean, state = "up"): InstanceObservation {
  return { spec: { id }, state, registeredByEngine, startedAtMs: 0 } as unknown as InstanceObservation;
}

test("the processor time of programs that show nothing is what their engine sees; others are not asked for", async () => {
  const clock = new FakeClock();
  const figures = new InstanceFigures();
  const asked: (readonly InstanceId[])[] = [];
  let cpuSeconds = 0;
  const engine = {
    usage: (ids: readonly InstanceId[]) => {
      asked.push(ids);
      cpuSeconds += 2.5;
      return Promise.resolve(ids.map((id) => ({ id, cpuSeconds, memoryBytes: 1_000 })));
    },
  };
  const all = [instance("python", true), instance("ours", false), instance("coming", true, "starting")];
  const stop = new AbortController();
  const fromMs = clock.wallMs();
  figures.look(["python"], fromMs);
  figures.meter("python", "nodejs.rss", fromMs, fromMs);
  const measuring = measureFromOutside(clock, engine, () => all, figures, stop.signal);
  for (let i = 0; i < 6; i++) {
    await settle();
    figures.look(["python"], clock.wallMs());
    await clock.advance(10_000);
  }
  stop.abort();
  await measuring;
  assert.deepEqual(new Set(asked.flat()), new Set(["python"]));
  assert.equal(Math.round(figures.figure("python", "cpuPercent", fromMs, clock.wallMs()) ?? -1), 25);
  assert.equal(figures.meter("python", "nodejs.rss", fromMs, clock.wallMs()), 1_000);
  assert.equal(clock.pendingTimers, 0);
});

test("an engine that cannot tell is not asked again in a hot loop, and nothing is made up", async () => {
  const clock = new FakeClock();
  const figures = new InstanceFigures();
  const stop = new AbortController();
  const measuring = measureFromOutside(clock, {}, () => [instance("python", true)], figures, stop.signal);
  await clock.advance(60_000);
  figures.look(["python"], clock.wallMs());
  assert.equal(figures.figure("python", "cpuPercent", 0, clock.wallMs()), undefined);
  assert.equal(clock.pendingTimers, 1);
  stop.abort();
  await measuring;
});
