import assert from "node:assert/strict";
import { test } from "node:test";
import {
  cloneRequestSchema,
  decrementRequestSchema,
  forceRequestSchema,
  groupInstanceRequestSchema,
  instancesRequestSchema,
  protectRequestSchema,
  refreshRequestSchema,
  resizeRequestSchema,
} from "@holdfast/wire/control";
import {
  type ActFields,
  clustersOf,
  type GroupAct,
  postingOf,
  shortImage,
  spreadOf,
  toneOfGroup,
  toneOfInstance,
} from "../src/pages/clusters/group-words.ts";
import { fakeGroup, fakeGroupInstance, fakeGroups } from "./fake-groups.ts";
import { fakeInstance, fakeInstances } from "./fake-world.ts";

const fields: ActFields = { min: 2, desired: 4, max: 9, traffic: false, force: true, minHealthy: 90 };

test("each action is posted as control takes it, and is the command that does the same", () => {
  const of = { instance: "i-1" };
  const rows: [GroupAct, string, string, { parse: (body: unknown) => unknown } | undefined][] = [
    [{ kind: "resize" }, "resize", "resize g 4 --min 2 --max 9", resizeRequestSchema],
    [{ kind: "clone" }, "clone", "clone g --no-traffic", cloneRequestSchema],
    [{ kind: "enable" }, "enable", "enable g", undefined],
    [{ kind: "disable" }, "disable", "disable g --force", forceRequestSchema],
    [{ kind: "destroy" }, "destroy", "destroy g --force", forceRequestSchema],
    [{ kind: "refresh" }, "refresh", "refresh g --min-healthy 90 --auto-rollback", refreshRequestSchema],
    [{ kind: "cancel" }, "refresh/cancel", "refresh g --cancel", undefined],
    [{ kind: "rollback" }, "refresh/rollback", "refresh g --rollback", undefined],
    [{ kind: "continue" }, "continue", "continue g", undefined],
    [{ kind: "shrink", ...of }, "shrink", "shrink g i-1", groupInstanceRequestSchema],
    [{ kind: "standby", ...of }, "standby", "standby g i-1", decrementRequestSchema],
    [{ kind: "in-service", ...of }, "in-service", "standby g i-1 --exit", instancesRequestSchema],
    [{ kind: "protect", ...of }, "protect", "protect g i-1", protectRequestSchema],
    [{ kind: "unprotect", ...of }, "protect", "protect g i-1 --off", protectRequestSchema],
  ];
  for (const [act, path, command, schema] of rows) {
    const posting = postingOf("g", act, fields);
    assert.equal(posting.act, path);
    assert.equal(posting.command, `npx holdfast group ${command}`);
    if (schema === undefined) assert.equal(posting.body, undefined);
    else assert.ok(schema.parse(posting.body));
  }
});

test("groups stand by cluster, the newest first, and are found by service, image, state or instance", () => {
  const groups = fakeGroups(fakeInstances());
  const all = clustersOf(groups, "");
  assert.equal(all.length, 5);
  const names = (find: string): string[] =>
    clustersOf(groups, find).flatMap((one) => one.groups.map(({ name }) => name));
  assert.deepEqual(names("catalog"), ["movies-catalog-v002", "movies-catalog-v001"]);
  assert.deepEqual(names("DISABLED"), ["movies-catalog-v002"]);
  const [first] = groups[0]?.instances ?? [];
  assert.deepEqual(names(first?.id ?? "none"), [groups[0]?.name]);
  assert.deepEqual(names("no such thing"), []);
  const ours = fakeGroup("gateway", [], { application: "holdfast", cluster: "holdfast-gateway" });
  assert.equal(clustersOf([ours, ...groups], "").at(-1)?.name, "holdfast-gateway");
});

test("a group's tone says whether what is, is what should be", () => {
  const three = fakeInstances()
    .slice(0, 3)
    .map((one) => fakeGroupInstance(one));
  const tone = (more: Parameters<typeof fakeGroup>[2]) => toneOfGroup(fakeGroup("users", three, more));
  assert.equal(tone({}), "good");
  assert.equal(tone({ up: 2 }), "warn");
  assert.equal(tone({ up: 0 }), "bad");
  assert.equal(tone({ state: "disabled" }), "idle");
  assert.equal(tone({ state: "destroying", up: 0 }), "idle");
  assert.equal(tone({ paused: "zone local-1b is lost" }), "warn");
  assert.equal(tone({ reason: "waits for a port" }), "warn");
});

test("an instance's tone is that of its place in its life; images and spreads are short", () => {
  const tone = (more: Parameters<typeof fakeGroupInstance>[1]) =>
    toneOfInstance(fakeGroupInstance(fakeInstance(1, {}), more));
  assert.deepEqual(
    [tone({}), tone({ status: "unhealthy" }), tone({ lifecycle: "Pending:Wait" }), tone({ lifecycle: "Standby" })],
    ["good", "warn", "busy", "idle"],
  );
  assert.equal(shortImage(`/a/images/${"ab12".repeat(16)}`), "ab12ab12ab12");
  assert.equal(shortImage("/srv/app/"), "app");
  assert.equal(spreadOf(fakeGroup("users", [], { zones: { a: 3, b: 1 } })), 2);
  assert.equal(spreadOf(fakeGroup("users", [], { zones: {} })), 0);
});
