import assert from "node:assert/strict";
import { test } from "node:test";
import { Registration } from "@holdfast/discovery";
import { SeededRandom, silentLog } from "@holdfast/kernel";
import { FakeClock, waitFor } from "@holdfast/testing";
import { FakeRegistry, recordOf } from "./fake-registry.ts";

const word = { by: "server-groups", reason: "movies-catalog-v001 is disabled" };
const overriding = "PUT /v1/registry/overrides/catalog/i-1";

class Registering extends Registration {
  async [Symbol.asyncDispose](): Promise<void> {
    this.abandon();
  }
}

function register(
  clock: FakeClock,
  registries: readonly string[],
  status: "STARTING" | "UP" = "STARTING",
): Registering {
  const { version: _version, ...record } = recordOf("i-1", { status });
  return new Registering(clock, new SeededRandom(1), silentLog, { registries, outOfService: word }, record);
}

/** What was said of the instance, in order: its own status, and the override as `-`. */
function said(registry: FakeRegistry): string[] {
  return registry.asked.flatMap(({ line, body }) => {
    if (line === overriding) return ["override"];
    return line.startsWith("PUT") ? [JSON.parse(body).status] : [];
  });
}

test("who starts out of service says so before anybody hears that it is up", async () => {
  const clock = new FakeClock();
  await using registry = await FakeRegistry.start();
  await using registration = register(clock, [registry.url], "UP");

  await registration.start();

  assert.deepEqual(said(registry), ["STARTING", "override", "UP"]);
  const override = registry.asked.find(({ line }) => line === overriding);
  assert.deepEqual(JSON.parse(override?.body ?? ""), { ...word, status: "OUT_OF_SERVICE" });
  assert.equal(registration.registered, true);
});

test("while the override cannot be said, UP is not said either", async () => {
  const clock = new FakeClock();
  await using registry = await FakeRegistry.start();
  await using registration = register(clock, [registry.url]);
  registry.answers.set(overriding, { status: 503 });
  await registration.start();
  await registration.setStatus("UP");
  await clock.advance(1_500);
  await waitFor("another try", () => said(registry).length >= 6);
  assert.equal(said(registry).includes("UP"), false, said(registry).join());
  assert.equal(registration.registered, false);

  registry.answers.clear();
  await waitFor("the override", async () => {
    await clock.advance(100);
    return registration.registered;
  });

  assert.deepEqual(said(registry).slice(-3), ["STARTING", "override", "UP"]);
});

test("a registry that has forgotten the instance in between is told of it again, from the beginning", async () => {
  const clock = new FakeClock();
  await using registry = await FakeRegistry.start();
  await using registration = register(clock, [registry.url]);
  registry.answers.set(overriding, { status: 404, body: { code: "INSTANCE_UNKNOWN" } });
  await registration.start();
  assert.equal(registration.registered, false);
  registry.answers.clear();
  await waitFor("the next try", async () => {
    await clock.advance(100);
    return registration.registered;
  });
  assert.deepEqual(said(registry), ["STARTING", "override", "STARTING", "override", "STARTING"]);
});

test("it is said once: whoever takes the override back is obeyed, also when the registry has to be told anew", async () => {
  const clock = new FakeClock();
  await using registry = await FakeRegistry.start();
  await using registration = register(clock, [registry.url], "UP");
  await registration.start();
  registry.answers.set("POST", { status: 404 });
  await clock.advance(3_400);
  await waitFor("the second registration", () => said(registry).length === 4);
  assert.deepEqual(said(registry), ["STARTING", "override", "UP", "UP"]);
});
