import assert from "node:assert/strict";
import { test } from "node:test";
import { staticServers } from "@holdfast/discovery";
import { View } from "../src/view.ts";
import { recordOf } from "./fake-registry.ts";

function watched(): { view: View; changed: string[][] } {
  const view = new View();
  const changed: string[][] = [];
  view.subscribe((apps) => changed.push([...apps].sort()));
  return { view, changed };
}

test("subscribers hear of the apps that changed, and of those alone", () => {
  const { view, changed } = watched();
  view.replace([recordOf("i-1"), recordOf("i-2", { app: "users" })]);
  view.apply({ cursor: "", upserts: [recordOf("i-2", { app: "users", version: 2, status: "DOWN" })], removals: [] });
  view.replace([recordOf("i-1"), recordOf("i-2", { app: "users", version: 2, status: "DOWN" })]);

  assert.deepEqual(changed, [["catalog", "users"], ["users"]]);
});

test("the list of an app is the same array until something of it changes", () => {
  const { view } = watched();
  view.replace([recordOf("i-1"), recordOf("i-2", { app: "users" })]);
  const list = view.instances("catalog");

  view.apply({ cursor: "", upserts: [recordOf("i-3", { app: "users" })], removals: [] });

  assert.equal(view.instances("catalog"), list);
});

test("an older account of an instance does not replace a later one", () => {
  const { view, changed } = watched();
  view.replace([recordOf("i-1", { version: 3, status: "DOWN" })]);

  view.apply({ cursor: "", upserts: [recordOf("i-1", { version: 2 })], removals: [] });

  assert.equal(view.instances("catalog")[0]?.status, "DOWN");
  assert.equal(changed.length, 1);
});

test("a removal of the last instance takes the app out of the names", () => {
  const { view } = watched();
  view.replace([recordOf("i-1")]);

  view.apply({ cursor: "", upserts: [], removals: [{ app: "catalog", id: recordOf("i-1").id, cause: "killed" }] });

  assert.deepEqual(view.apps(), []);
  assert.deepEqual(view.instances("catalog"), []);
});

test("of what a new view does not name, only what it is told to keep stays", () => {
  const { view } = watched();
  view.replace([recordOf("i-1"), recordOf("i-2")]);

  view.replace([recordOf("i-2", { version: 2, status: "DOWN" })], (record) => record.id === "i-1");
  assert.deepEqual(
    view.instances("catalog").map((record) => [record.id, record.status]),
    [
      ["i-1", "UP"],
      ["i-2", "DOWN"],
    ],
  );

  view.replace([recordOf("i-2", { version: 2, status: "DOWN" })]);
  assert.equal(view.size, 1);
});

test("two apps may hold the same id", () => {
  const { view } = watched();
  const [host, user] = [recordOf("host-1"), recordOf("host-1", { app: "users" })];
  view.replace([host, user]);
  assert.deepEqual([view.instances("catalog"), view.instances("users")], [[host], [user]]);

  view.apply({ cursor: "", upserts: [recordOf("host-1", { version: 2 })], removals: [] });
  view.apply({ cursor: "", upserts: [], removals: [{ app: "catalog", id: host.id, cause: "killed" }] });

  assert.deepEqual(view.instances("catalog"), []);
  assert.deepEqual(view.instances("users"), [user]);
  assert.equal(view.size, 1);
});

test("an operator's override shows, though the instance's own account is the same", () => {
  const { view, changed } = watched();
  view.replace([recordOf("i-1")]);

  view.replace([recordOf("i-1", { status: "OUT_OF_SERVICE" })]);
  view.apply({ cursor: "", upserts: [recordOf("i-1")], removals: [] });

  assert.equal(view.instances("catalog")[0]?.status, "UP");
  assert.equal(changed.length, 3);
});

test("what is said twice changes nothing: no new list, and nobody is told", () => {
  const { view, changed } = watched();
  view.replace([recordOf("i-1", { metadata: { a: "b" } }), recordOf("i-2")]);
  const list = view.instances("catalog");

  view.apply({ cursor: "", upserts: [recordOf("i-2")], removals: [{ app: "x", id: recordOf("i-9").id, cause: "" }] });
  view.replace([recordOf("i-2"), recordOf("i-1", { metadata: { a: "b" } })]);

  assert.equal(view.instances("catalog"), list);
  assert.equal(changed.length, 1);
});

test("looking an app up gives what is there and makes nothing, known or not", () => {
  const { view } = watched();
  view.replace([recordOf("i-1")]);
  assert.equal(view.instances("catalog"), view.instances("catalog"));
  assert.equal(view.instances("nobody"), view.instances("nobody either"));
});

test("a fixed list of servers answers as a view does", () => {
  const servers = staticServers({ catalog: [recordOf("i-1")] });
  assert.equal(servers.instances("catalog").length, 1);
  assert.deepEqual(servers.instances("users"), []);
  assert.deepEqual(servers.apps(), ["catalog"]);
});
