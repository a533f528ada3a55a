import assert from "node:assert/strict";
import { test } from "node:test";
import { MeterRegistry } from "@holdfast/metrics";
import { World } from "./world.ts";

test("meters grow by what happened since they were read last, also by what has left the window", async () => {
  const world = new World();
  const meters = new MeterRegistry();
  const publish = world.resilience.publisher(meters);
  const execute = world.scripted("k", { fallback: () => "instead" });
  const count = (event: string): number => meters.counter("resilience.events", { command: "k", event }).count;
  await execute("ok");
  await execute("fail");
  publish();
  publish();
  assert.deepEqual([count("SUCCESS"), count("FAILURE"), count("FALLBACK_SUCCESS")], [1, 1, 1]);
  await execute("ok");
  await world.clock.advance(60_000);
  await execute("ok");
  world.config.set("runtime", "hystrix.command.k.circuitBreaker.forceOpen", true);
  publish();
  assert.equal(count("SUCCESS"), 3);
  assert.equal(meters.gauge("resilience.circuit.open", { command: "k" }).value, 1);
  assert.equal(meters.gauge("resilience.active", { command: "k" }).value, 0);
});
