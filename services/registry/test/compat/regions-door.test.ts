import assert from "node:assert/strict";
import { test } from "node:test";
import { waitFor } from "@holdfast/testing";
import { decodeApplications, decodeInstance } from "@holdfast/wire/eureka";
import { Door, type Reply } from "./door.ts";
import { instanceOf } from "./instances.ts";

function shownIn(reply: Reply): { hash: string; ids: string[] } {
  const { appsHashcode, applications } = decodeApplications(reply.text, "json");
  const ids = applications.flatMap((app) => app.instances.map((one) => `${app.name}/${one.instanceId}`));
  return { hash: appsHashcode, ids: ids.sort() };
}

test("regions that are asked for are merged with this one, hash and delta included", async () => {
  await using far = await Door.open({ name: "far", region: "two" });
  await far.register(instanceOf("far-1"));
  await far.register(instanceOf("far-2", { app: "ONLY-FAR", status: "DOWN" }));
  await using near = await Door.open({ remoteRegions: { two: `${far.running.url}/eureka/v2` } });
  await near.register(instanceOf("near-1"));
  const merged = await waitFor("the other region", async () => {
    const reply = await near.get("/eureka/v2/apps?regions=Two,unheard-of");
    return reply.status === 200 && reply;
  });
  assert.deepEqual(shownIn(merged), { hash: "DOWN_1_UP_2_", ids: ["API/far-1", "API/near-1", "ONLY-FAR/far-2"] });
  assert.deepEqual(shownIn(await near.get("/eureka/v2/apps")), { hash: "UP_1_", ids: ["API/near-1"] });
  assert.deepEqual(shownIn(await near.get("/eureka/v2/apps?regions=unheard-of")).ids, ["API/near-1"]);

  await near.register(instanceOf("near-2"));
  const delta = shownIn(await near.get("/eureka/v2/apps/delta?regions=two"));
  assert.equal(delta.hash, "DOWN_1_UP_3_");
  assert.ok(delta.ids.includes("API/near-2"));
});

test("an app that nobody has here is answered from another region", async () => {
  await using far = await Door.open({ name: "far" });
  await far.register(instanceOf("far-1", { app: "ONLY-FAR" }));
  await using near = await Door.open({ remoteRegions: { two: `${far.running.url}/eureka/v2` } });
  const app = await waitFor("the app", async () => {
    const reply = await near.get("/eureka/v2/apps/only-far");
    return reply.status === 200 && reply;
  });
  assert.equal(JSON.parse(app.text).application.instance[0].instanceId, "far-1");
  const one = await near.get("/eureka/v2/apps/only-far/far-1");
  assert.equal(decodeInstance(one.text, "json").instanceId, "far-1");
  assert.equal((await near.get("/eureka/v2/apps/only-far/far-2")).status, 404);
  assert.equal((await near.send("PUT", "/eureka/v2/apps/only-far/far-1")).status, 404);
});

test("questions for regions are refused until each of them has been fetched; others are not", async () => {
  await using near = await Door.open({ remoteRegions: { two: "http://127.0.0.1:9/eureka/v2" } });
  assert.equal((await near.get("/eureka/v2/apps?regions=two")).status, 403);
  assert.equal((await near.get("/eureka/v2/apps/delta?regions=two")).status, 403);
  assert.equal((await near.get("/eureka/v2/apps?regions=")).status, 200);
  assert.equal((await near.get("/eureka/v2/apps")).status, 200);
});
