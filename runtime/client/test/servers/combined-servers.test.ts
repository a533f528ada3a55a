import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServerList } from "@holdfast/discovery";
import type { InstanceRecord } from "@holdfast/wire";
import { combinedServers } from "../../src/servers/combined-servers.ts";
import { listedServers } from "../../src/servers/static-servers.ts";
import { recordOf, WrittenList } from "../backends.ts";

function world(registered: readonly InstanceRecord[]) {
  const registry = new WrittenList(registered);
  const second = new WrittenList([recordOf("written", 2)]);
  const servers = combinedServers(registry, second, listedServers({ titles: "a:1", catalog: "b:1" }));
  const changes: string[][] = [];
  const leave = servers.subscribe((apps) => void changes.push([...apps]));
  const ids = (app = "catalog"): string[] => servers.instances(app).map(({ id }) => id);
  return { registry, second, servers, changes, leave, ids };
}

test("an app's servers come from the first list that knows it, and never from two", () => {
  const { ids, servers } = world([recordOf("registered", 1)]);
  assert.deepEqual(ids(), ["registered"]);
  assert.deepEqual(ids("titles"), ["static-a-1"]);
  assert.deepEqual(ids("nobody"), []);
  assert.deepEqual(servers.apps(), ["catalog", "titles"]);
});

test("an instance that is not UP is known all the same: its app is not looked for elsewhere", () => {
  const { ids } = world([recordOf("registered", 1, { status: "DOWN" })]);
  assert.deepEqual(ids(), ["registered"]);
});

test("when the first list loses the app the next one answers, and back, and both are told", () => {
  const { registry, ids, changes } = world([recordOf("registered", 1)]);
  registry.set("catalog", []);
  assert.deepEqual(ids(), ["written"]);
  registry.set("catalog", [recordOf("again", 1)]);
  assert.deepEqual(ids(), ["again"]);
  assert.deepEqual(changes, [["catalog"], ["catalog"]]);
});

test("what changes behind a list that knows the app is not told", () => {
  const { registry, second, changes, leave } = world([recordOf("registered", 1)]);
  second.set("catalog", []);
  assert.deepEqual(changes, []);
  leave();
  registry.set("catalog", []);
  assert.deepEqual(changes, []);
});

test("it is ready when all lists are or have given up, and fails only when all have failed", async () => {
  const empty: ServerList = { instances: () => [], apps: () => [], subscribe: () => () => {} };
  const asked: number[] = [];
  const readyAfter = (ready: () => Promise<void>): ServerList => ({
    ...empty,
    ready: (ms) => {
      asked.push(ms);
      return ready();
    },
  });
  const fails = readyAfter(() => Promise.reject(new Error("no view")));
  const succeeds = readyAfter(() => Promise.resolve());
  await combinedServers(fails, succeeds).ready?.(7);
  await combinedServers(fails, empty).ready?.(7);
  await combinedServers().ready?.(7);
  await assert.rejects(combinedServers(fails, fails).ready?.(7) ?? Promise.resolve(), /no view/);
  assert.deepEqual(asked, [7, 7, 7, 7, 7]);
});
