import assert from "node:assert/strict";
import { test } from "node:test";
import { waitFor } from "@holdfast/testing";
import { recordOf } from "../records.ts";
import { Door } from "./door.ts";
import { instanceOf } from "./instances.ts";

/** Each is an Eureka server to the other: what is tested is what they say, not what they share. */
test("an Eureka server hears of everything, knows it again after it was restarted empty, and nothing goes round in circles", async () => {
  const first = await Door.open({ name: "b" });
  const { port } = first;
  const other = `http://127.0.0.1:${port}/eureka/v2/`;
  await using door = await Door.open({ name: "a", eurekaPeers: [other] });
  await door.register(instanceOf("i-1"));
  await door.register(instanceOf("i-2"));
  door.registry.register(recordOf("i-3", { app: "catalog" }));
  await waitFor("all three", () => first.registry.size === 3);
  await door.send("PUT", "/eureka/apps/API/i-1/status?value=OUT_OF_SERVICE");
  await waitFor("the override", () => first.registry.find("api", "i-1")?.override === "OUT_OF_SERVICE");
  await door.send("DELETE", "/eureka/apps/API/i-1/status?value=UP");
  await waitFor("its end", () => first.registry.find("api", "i-1")?.status === "UP");
  await door.send("DELETE", "/eureka/apps/API/i-2");
  await waitFor("the cancellation", () => first.registry.find("api", "i-2") === undefined);
  await first[Symbol.asyncDispose]();

  await using second = await Door.open({ name: "b", eurekaPeers: [`${door.running.url}/eureka/v2`] }, port);
  await door.send("PUT", "/eureka/apps/API/i-1/status?value=OUT_OF_SERVICE");
  await door.send("PUT", "/eureka/apps/API/i-1?status=OUT_OF_SERVICE");
  await waitFor("the instance", () => second.registry.find("api", "i-1")?.override === "OUT_OF_SERVICE");

  // The client goes to the other server, which tells this one, which has nothing to tell back.
  await second.send("PUT", "/eureka/apps/API/i-1/status?value=UP");
  await waitFor("the way back", () => door.registry.find("api", "i-1")?.status === "UP");
  const seen = door.registry.events({ id: "i-1" }).newest;
  const there = second.registry.events({ id: "i-1" }).newest;
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  assert.deepEqual([door.registry.events({}).newest, second.registry.events({}).newest], [seen, there]);
});
