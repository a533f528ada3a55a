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
  view.replace([recordOf("i-1"), recordOf("i-2", { app: "users" })], false);
  view.apply({ cursor: "", upserts: [recordOf("i-2", { app: "users", version: 2, status: "DOWN" })], removals: [] });
  view.replace([recordOf("i-1"), recordOf("i-2", { app: "users", version: 2, status: "DOWN" })], false);

  assert.deepEqual(changed, [["catalog", "users"], ["users"]]);
});

test("the list of an app is the same array until something of it changes", () => {
  const { view } = watched();
  view.replace([recordOf("i-1"), recordOf("i-2", { app: "users" })], false);
  const list = view.instances("catalog");

  view.apply({ cursor: "", upserts: [recordOf("i-3", { app: "users" })], removals: [] });

  assert.equal(view.instances("catalog"), list);
});

test("an older account of an instance does not replace a later one", () => {
  const { view, changed } = watched();
  view.replace([recordOf("i-1", { version: 3, status: "DOWN" })], false);

  view.apply({ cursor: "", upserts: [recordOf("i-1", { version: 2 })], removals: [] });

  assert.equal(view.instances("catalog")[0]?.status, "DOWN");
  assert.equal(changed.length, 1);
});

test("a removal of the last instance takes the app out of the names", () => {
  const { view } = watched();
  view.replace([recordOf("i-1")], false);

  view.apply({ cursor: "", upserts: [], removals: [{ app: "catalog", id: recordOf("i-1").id, cause: "killed" }] });

  assert.deepEqual(view.apps(), []);
  assert.deepEqual(view.instances("catalog"), []);
});

test("a view merged with a young registry's keeps what that one does not name yet", () => {
  const { view } = watched();
  view.replace([recordOf("i-1"), recordOf("i-2")], false);

  view.replace([recordOf("i-2", { version: 2, status: "DOWN" })], true);
  assert.deepEqual(
    view.instances("catalog").map((record) => [record.id, record.status]),
    [
      ["i-1", "UP"],
      ["i-2", "DOWN"],
    ],
  );

  view.replace([recordOf("i-2", { version: 2, status: "DOWN" })], false);
  assert.equal(view.size, 1);
});

test("a fixed list of servers answers as a view does", () => {
  const servers = staticServers({ catalog: [recordOf("i-1")] });
  assert.equal(servers.instances("catalog").length, 1);
  assert.deepEqual(servers.instances("users"), []);
  assert.deepEqual(servers.apps(), ["catalog"]);
});
