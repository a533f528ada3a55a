import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeReplicationAnswers, type EurekaReplication, encodeReplicationList } from "@holdfast/wire/eureka";
import { Door, type Reply } from "./door.ts";
import { instanceOf } from "./instances.ts";

const headers = { "content-type": "application/json", "x-netflix-discovery-replication": "true" };

function batch(door: Door, items: readonly EurekaReplication[]): Promise<Reply> {
  return door.send("POST", "/eureka/v2/peerreplication/batch/", { headers, body: encodeReplicationList(items) });
}

async function codes(door: Door, ...items: EurekaReplication[]): Promise<number[]> {
  const reply = await batch(door, items);
  assert.equal(reply.status, 200);
  return decodeReplicationAnswers(reply.text).map((answer) => answer.statusCode);
}

const of = { appName: "API", id: "i-1" };

test("a batch registers, renews, overrides and cancels, each item answered in its place", async () => {
  await using door = await Door.open();
  const instance = instanceOf("i-1", { lastDirtyTimestamp: 1_000 });
  assert.deepEqual(
    await codes(
      door,
      { ...of, action: "Heartbeat", lastDirtyTimestamp: 1_000 },
      { ...of, action: "Register", instanceInfo: instance },
      { ...of, action: "Heartbeat", lastDirtyTimestamp: 1_000, status: "UP" },
      { ...of, action: "StatusUpdate", status: "OUT_OF_SERVICE", lastDirtyTimestamp: 1_000 },
    ),
    [404, 200, 200, 200],
  );
  assert.equal(door.registry.find("api", "i-1")?.status, "OUT_OF_SERVICE");
  assert.deepEqual(
    await codes(door, { ...of, action: "DeleteStatusOverride", status: "UP", lastDirtyTimestamp: 1_000 }),
    [200],
  );
  assert.equal(door.registry.find("api", "i-1")?.status, "UP");
  assert.deepEqual(await codes(door, { ...of, action: "Cancel" }, { ...of, action: "Cancel" }), [200, 404]);
  assert.equal(door.registry.size, 0);
});

test("a peer that knows less is given our copy, with 409; one that knows more registers it again, after 404", async () => {
  await using door = await Door.open();
  await door.register(instanceOf("i-1", { lastDirtyTimestamp: 2_000 }));
  const reply = await batch(door, [{ ...of, action: "Heartbeat", lastDirtyTimestamp: 1_000 }]);
  const [answer] = decodeReplicationAnswers(reply.text);
  assert.equal(answer?.statusCode, 409);
  assert.deepEqual([answer?.responseEntity?.instanceId, answer?.responseEntity?.lastDirtyTimestamp], ["i-1", 2_000]);
  assert.deepEqual(await codes(door, { ...of, action: "Heartbeat", lastDirtyTimestamp: 3_000 }), [404]);
});

test("an item that cannot be done fails alone, and a registration that is refused is not asked for again", async () => {
  await using door = await Door.open();
  assert.deepEqual(
    await codes(
      door,
      { ...of, action: "Register" },
      { ...of, action: "Register", instanceInfo: instanceOf("i-1", { hostName: "" }) },
      { ...of, appName: "OTHER", action: "Register", instanceInfo: instanceOf("i-1") },
      { ...of, action: "Register", instanceInfo: instanceOf("i-1") },
      { ...of, action: "StatusUpdate" },
      { ...of, id: "i-2", action: "StatusUpdate", status: "UP" },
    ),
    [500, 200, 200, 200, 500, 404],
  );
  assert.equal(door.registry.size, 1);
});

test("a batch that cannot be read is refused as a whole", async () => {
  await using door = await Door.open();
  for (const body of ["", "{", "[]", '{"replicationList":7}']) {
    const reply = await door.send("POST", "/eureka/peerreplication/batch", { headers, body });
    assert.equal(reply.status, 400, body);
  }
  const long = Buffer.alloc(9 * 1024 * 1024, 32);
  assert.equal((await door.send("POST", "/eureka/peerreplication/batch/", { headers, body: long })).status, 413);
});

test("an old peer that sends single calls with the header of replication is understood as well", async () => {
  await using door = await Door.open();
  const peer = { "x-netflix-discovery-replication": "true" };
  assert.equal((await door.register(instanceOf("i-1", { status: "OUT_OF_SERVICE" }), peer)).status, 204);
  assert.equal((await door.register(instanceOf("i-1", { status: "UP" }), peer)).status, 204);
  assert.equal(door.registry.find("api", "i-1")?.status, "UP");
  const changes = door.registry.events({}).events.filter((event) => event.id === "i-1");
  assert.ok(changes.length > 0 && changes.every((event) => event.by === "eureka-peer"), JSON.stringify(changes));
});
