import assert from "node:assert/strict";
import { test } from "node:test";
import type { Registry } from "@holdfast/registry-server";
import type { RegistryProfile } from "@holdfast/wire";
import { AsgGroups } from "../../src/compat/asg-groups.ts";
import { EurekaActions } from "../../src/compat/eureka-actions.ts";
import { recordOf } from "../records.ts";
import { instanceOf, standAlone } from "./instances.ts";

const order = { lastDirtyTimestamp: undefined, replication: false };

function actionsOn(registry: Registry, profile: RegistryProfile = "fast"): EurekaActions {
  const defaults = { profile, region: "local-1", zone: "local-1a" };
  return new EurekaActions(registry, new AsgGroups(), defaults, () => {});
}

function status(registry: Registry, id = "i-1"): string | undefined {
  return registry.find("api", id)?.status;
}

test("an override is set and dropped, and a later registration is UP again", async () => {
  await using alone = await standAlone();
  const { registry } = alone;
  const actions = actionsOn(registry);
  actions.register(instanceOf("i-1", { lastDirtyTimestamp: 100 }), false);
  assert.equal(status(registry), "UP");
  assert.equal(actions.override("api", "i-1", { ...order, value: "OUT_OF_SERVICE" }).status, 200);
  assert.equal(status(registry), "OUT_OF_SERVICE");
  // As long as it stands, the client's own UP does not count: neither registered nor renewed.
  actions.register(instanceOf("i-1", { lastDirtyTimestamp: 150 }), false);
  assert.equal(status(registry), "OUT_OF_SERVICE");
  assert.equal(actions.heartbeat("api", "i-1", undefined, false).status, 200);
  assert.equal(status(registry), "OUT_OF_SERVICE");
  assert.equal(actions.dropOverride("api", "i-1", { ...order, value: "DOWN" }).status, 200);
  assert.equal(status(registry), "DOWN");
  actions.register(instanceOf("i-1", { lastDirtyTimestamp: 200 }), false);
  assert.equal(status(registry), "UP");
});

test("an override that is dropped without a word leaves UNKNOWN, so that the next heartbeat asks for a registration", async () => {
  await using alone = await standAlone();
  const { registry } = alone;
  const actions = actionsOn(registry);
  actions.register(instanceOf("i-1"), false);
  actions.override("api", "i-1", { ...order, value: "OUT_OF_SERVICE" });
  assert.equal(actions.dropOverride("api", "i-1", { ...order, value: undefined }).status, 200);
  assert.equal(status(registry), "UNKNOWN");
  assert.equal(actions.heartbeat("api", "i-1", undefined, false).status, 404);
  actions.register(instanceOf("i-1"), false);
  assert.equal(status(registry), "UP");
  assert.equal(actions.heartbeat("api", "i-1", undefined, false).status, 200);
});

test("STARTING outweighs an override", async () => {
  await using alone = await standAlone();
  const { registry } = alone;
  const actions = actionsOn(registry);
  actions.register(instanceOf("i-1"), false);
  actions.override("api", "i-1", { ...order, value: "OUT_OF_SERVICE" });
  actions.register(instanceOf("i-1", { status: "STARTING" }), false);
  assert.equal(status(registry), "STARTING");
});

test("an override of an instance that calls itself STARTING holds until that speaks again", async () => {
  await using alone = await standAlone();
  const { registry } = alone;
  const actions = actionsOn(registry);
  actions.register(instanceOf("i-1", { status: "STARTING" }), false);
  actions.override("api", "i-1", { ...order, value: "UP" });
  assert.equal(status(registry), "UP");
  actions.register(instanceOf("i-1", { status: "DOWN" }), false);
  assert.equal(status(registry), "DOWN");
});

test("what was UP or OUT_OF_SERVICE stays so when the client registers the other, and not when a peer does", async () => {
  await using alone = await standAlone();
  const { registry } = alone;
  const actions = actionsOn(registry);
  actions.register(instanceOf("i-1"), false);
  actions.register(instanceOf("i-1", { status: "OUT_OF_SERVICE" }), false);
  assert.equal(status(registry), "UP");
  actions.register(instanceOf("i-1", { status: "OUT_OF_SERVICE" }), true);
  assert.equal(status(registry), "OUT_OF_SERVICE");
  actions.register(instanceOf("i-1", { status: "UP" }), false);
  assert.equal(status(registry), "OUT_OF_SERVICE");
});

test("an override that comes with a registration is taken, unless there is one here already", async () => {
  await using alone = await standAlone();
  const { registry } = alone;
  const actions = actionsOn(registry);
  actions.register(instanceOf("i-1", { overriddenStatus: "OUT_OF_SERVICE" }), true);
  assert.equal(status(registry), "OUT_OF_SERVICE");
  actions.override("api", "i-1", { ...order, value: "UP" });
  actions.register(instanceOf("i-1", { overriddenStatus: "OUT_OF_SERVICE" }), true);
  assert.equal(status(registry), "UP");
});

test("a straggler does not replace what the client said later; the same time does", async () => {
  await using alone = await standAlone({ profile: "compat" });
  const { registry } = alone;
  const actions = actionsOn(registry, "compat");
  const metadata = (): unknown => registry.find("api", "i-1")?.record.metadata["n"];
  const say = (n: string, lastDirtyTimestamp: number): void =>
    void actions.register(instanceOf("i-1", { metadata: { n }, lastDirtyTimestamp }), false);
  say("first", 1_000_000);
  say("straggler", 999_999);
  assert.equal(metadata(), "first");
  say("same time", 1_000_000);
  assert.equal(metadata(), "same time");
  say("hours ago, which Netflix ignores as well", 1);
  assert.equal(metadata(), "same time");
});

test("in profile fast a client whose clock was set back by five minutes or more is believed", async () => {
  await using alone = await standAlone();
  const { registry } = alone;
  const actions = actionsOn(registry);
  const say = (n: string, lastDirtyTimestamp: number | undefined): void => {
    const { lastDirtyTimestamp: _, ...instance } = instanceOf("i-1", { metadata: { n } });
    actions.register(lastDirtyTimestamp === undefined ? instance : { ...instance, lastDirtyTimestamp }, false);
  };
  const metadata = (): unknown => registry.find("api", "i-1")?.record.metadata["n"];
  say("first", 10_000_000);
  say("straggler", 10_000_000 - 299_999);
  assert.equal(metadata(), "first");
  say("set back", 10_000_000 - 300_000);
  assert.equal(metadata(), "set back");
  say("without a time", undefined);
  assert.equal(metadata(), "without a time");
  say("any time after that", 5);
  assert.equal(metadata(), "any time after that");
});

test("a straggler renews the lease", async () => {
  await using alone = await standAlone();
  const { clock, registry } = alone;
  const actions = actionsOn(registry);
  actions.register(instanceOf("i-1", { lastDirtyTimestamp: 1_000 }), false);
  await clock.advance(80_000);
  actions.register(instanceOf("i-1", { lastDirtyTimestamp: 999 }), false);
  await clock.advance(80_000);
  assert.equal(status(registry), "UP");
});

test("a heartbeat that knows more than is stored is answered 404; one that knows less is 200, or 409 to a peer", async () => {
  await using alone = await standAlone();
  const { registry } = alone;
  const actions = actionsOn(registry);
  actions.register(instanceOf("i-1", { lastDirtyTimestamp: 1_000 }), false);
  const beat = (lastDirtyTimestamp: number, replication: boolean): number =>
    actions.heartbeat("api", "i-1", { lastDirtyTimestamp }, replication).status;
  assert.deepEqual([beat(1_000, false), beat(1_001, false), beat(999, false)], [200, 404, 200]);
  assert.deepEqual([beat(1_000, true), beat(1_001, true), beat(999, true)], [200, 404, 409]);
  assert.equal(actions.heartbeat("api", "i-1", { lastDirtyTimestamp: 999 }, true).entity?.lastDirtyTimestamp, 1_000);
  assert.equal(actions.heartbeat("api", "i-2", undefined, false).status, 404);
});

test("the override a peer's heartbeat brings along is kept for the registration that is asked for", async () => {
  await using alone = await standAlone();
  const { registry } = alone;
  const actions = actionsOn(registry);
  actions.register(instanceOf("i-1", { lastDirtyTimestamp: 1_000 }), false);
  const claims = { lastDirtyTimestamp: 2_000, overriddenStatus: "OUT_OF_SERVICE" } as const;
  assert.equal(actions.heartbeat("api", "i-1", claims, false).status, 404);
  assert.equal(status(registry), "UP");
  assert.equal(actions.heartbeat("api", "i-1", claims, true).status, 404);
  assert.equal(status(registry), "OUT_OF_SERVICE");
});

test("status orders of a peer move the stored lastDirtyTimestamp forward, never back", async () => {
  await using alone = await standAlone();
  const { registry } = alone;
  const actions = actionsOn(registry);
  actions.register(instanceOf("i-1", { lastDirtyTimestamp: 1_000 }), false);
  const dirty = (): number | undefined => registry.find("api", "i-1")?.record.eureka?.lastDirtyTimestamp;
  actions.override("api", "i-1", { value: "OUT_OF_SERVICE", lastDirtyTimestamp: 2_000, replication: true });
  assert.equal(dirty(), 2_000);
  actions.override("api", "i-1", { value: "DOWN", lastDirtyTimestamp: 1_500, replication: true });
  assert.equal(dirty(), 2_000);
  assert.equal(status(registry), "DOWN");
});

test("an order that agrees with what damping makes of a flapping instance outlives the damping", async () => {
  await using alone = await standAlone();
  const { clock, registry } = alone;
  const actions = actionsOn(registry);
  actions.register(instanceOf("i-2"), false);
  for (let i = 0; i < 20; i++) {
    actions.register(instanceOf("i-1", { status: i % 2 === 0 ? "DOWN" : "UP" }), false);
    await clock.advance(1_000);
  }
  const damped = registry.find("api", "i-1");
  assert.deepEqual([damped?.record.status, damped?.status, damped?.override], ["UP", "OUT_OF_SERVICE", undefined]);
  actions.override("api", "i-1", { ...order, value: "OUT_OF_SERVICE" });
  assert.equal(registry.find("api", "i-1")?.override, "OUT_OF_SERVICE");
});

test("a cancelled instance is gone with its override", async () => {
  await using alone = await standAlone();
  const { registry } = alone;
  const actions = actionsOn(registry);
  actions.register(instanceOf("i-1"), false);
  actions.override("api", "i-1", { ...order, value: "OUT_OF_SERVICE" });
  assert.equal(actions.cancel("api", "i-1", false).status, 200);
  assert.equal(actions.cancel("api", "i-1", false).status, 404);
  assert.equal(registry.size, 0);
  actions.register(instanceOf("i-1"), false);
  assert.equal(status(registry), "UP");
});

test("orders that cannot be read are 500, for instances that are not there 404", async () => {
  await using alone = await standAlone();
  const { registry } = alone;
  const actions = actionsOn(registry);
  actions.register(instanceOf("i-1"), false);
  for (const run of [actions.override.bind(actions), actions.dropOverride.bind(actions)]) {
    assert.equal(run("api", "i-1", { ...order, value: "GREAT" }).status, 500);
    assert.equal(run("api", "i-2", { ...order, value: "UP" }).status, 404);
  }
  assert.equal(actions.dropOverride("api", "i-1", { ...order, value: "UP" }).status, 200);
  assert.equal(status(registry), "UP");
});

test("metadata is added to what is there, and an instance keeps its override", async () => {
  await using alone = await standAlone();
  const { registry } = alone;
  const actions = actionsOn(registry);
  actions.register(instanceOf("i-1", { metadata: { a: "1", b: "2" } }), false);
  actions.override("api", "i-1", { ...order, value: "OUT_OF_SERVICE" });
  assert.equal(
    actions.metadata(
      "api",
      "i-1",
      new Map([
        ["b", "3"],
        ["__proto__", "x"],
      ]),
    ).status,
    200,
  );
  const held = registry.find("api", "i-1");
  assert.deepEqual(Object.entries(held?.record.eureka?.metadata ?? {}), [
    ["a", "1"],
    ["b", "3"],
    ["__proto__", "x"],
  ]);
  assert.equal(held?.status, "OUT_OF_SERVICE");
  assert.equal(actions.metadata("api", "i-2", new Map()).status, 404);
});

test("an auto scaling group that is disabled takes its instances out of service, those that come later too", async () => {
  await using alone = await standAlone();
  const { registry } = alone;
  const actions = actionsOn(registry);
  actions.register(instanceOf("i-1", { asgName: "API-v001" }), false);
  actions.register(instanceOf("i-2", { asgName: "API-v002" }), false);
  actions.setAsg("API-v001", "DISABLED", false);
  assert.deepEqual([status(registry), status(registry, "i-2")], ["OUT_OF_SERVICE", "UP"]);
  actions.register(instanceOf("i-3", { asgName: "API-v001" }), false);
  assert.equal(status(registry, "i-3"), "OUT_OF_SERVICE");
  actions.setAsg("API-v001", "ENABLED", false);
  assert.deepEqual([status(registry), status(registry, "i-3")], ["UP", "UP"]);
  actions.override("api", "i-1", { ...order, value: "OUT_OF_SERVICE" });
  actions.setAsg("API-v001", "ENABLED", false);
  assert.equal(status(registry), "OUT_OF_SERVICE");
});

test("an instance of ours is not replaced by an Eureka client of the same id, nor by what a peer heard of it", async () => {
  await using alone = await standAlone();
  const { registry } = alone;
  const actions = actionsOn(registry);
  registry.register(recordOf("i-1", { app: "api" }));
  assert.equal(actions.register(instanceOf("i-1"), true).status, 204);
  assert.equal(actions.register(instanceOf("i-1"), false).status, 409);
  assert.equal(registry.find("api", "i-1")?.record.eureka, undefined);
  assert.equal(actions.metadata("api", "i-1", new Map([["a", "b"]])).status, 500);
});

test("heartbeats and groups are told to other Eureka servers, except when one of them said so", async () => {
  await using alone = await standAlone();
  const told: string[] = [];
  const defaults = { profile: "fast", region: "r", zone: "z" } as const;
  const actions = new EurekaActions(alone.registry, new AsgGroups(), defaults, ({ kind, id }) =>
    told.push(`${kind} ${id}`),
  );
  actions.register(instanceOf("i-1"), false);
  for (const replication of [false, true]) {
    actions.heartbeat("api", "i-1", undefined, replication);
    actions.setAsg("API-v001", "ENABLED", replication);
  }
  assert.deepEqual(told, ["heartbeat i-1", "asg API-v001"]);
});
