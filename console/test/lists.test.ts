import assert from "node:assert/strict";
import { test } from "node:test";
import { activitiesMax, mergeActivities } from "../src/api/merge.ts";
import {
  filterActivities,
  filterEvents,
  filterInstances,
  isFiltering,
  optionsOf,
  readTexts,
  withoutEmpty,
} from "../src/lib/filters.ts";
import { fakeActivity, fakeInstance } from "./fake-world.ts";

const instances = [
  fakeInstance(1, { name: "catalog", zone: "local-1a", port: 12_002 }),
  fakeInstance(2, { name: "catalog", zone: "local-1b", port: 12_004, status: "starting", reason: "no answer yet" }),
  fakeInstance(3, { name: "gateway", kind: "gateway", zone: "local-1a", port: 12_006 }),
];
const ports = (filter: Parameters<typeof filterInstances>[1]): number[] =>
  filterInstances(instances, filter).map((instance) => instance.port);

test("filters of instances narrow one another, and none shows all", () => {
  assert.deepEqual(ports({}), [12_002, 12_004, 12_006]);
  assert.deepEqual(ports({ service: "catalog" }), [12_002, 12_004]);
  assert.deepEqual(ports({ service: "catalog", zone: "local-1a" }), [12_002]);
  assert.deepEqual(ports({ kind: "gateway" }), [12_006]);
  assert.deepEqual(ports({ status: "starting" }), [12_004]);
});

test("the text filter finds ids, addresses, pids and reasons in any case", () => {
  assert.deepEqual(ports({ q: ":12006" }), [12_006]);
  assert.deepEqual(ports({ q: "NO ANSWER" }), [12_004]);
  assert.deepEqual(ports({ q: String(instances[0]?.pid) }), [12_002]);
  assert.deepEqual(ports({ q: instances[2]?.id ?? "" }), [12_006]);
});

test("activities are filtered by service, kind and outcome", () => {
  const activities = [
    fakeActivity(1, { kind: "kill" }),
    fakeActivity(2, { service: "users", outcome: "failed" }),
    fakeActivity(3, { kind: "kill", service: "users" }),
  ];
  assert.deepEqual(
    filterActivities(activities, { kind: "kill", service: "users" }).map(({ id }) => id),
    [3],
  );
  assert.deepEqual(
    filterActivities(activities, { outcome: "failed" }).map(({ id }) => id),
    [2],
  );
});

test("an address with strange or empty fields is read without them", () => {
  const search = { zone: "local-1a", kind: "", other: "x", q: 7 };
  assert.deepEqual(readTexts(search, ["zone", "kind", "q"]), { zone: "local-1a" });
  assert.deepEqual(withoutEmpty({ zone: "a", kind: "", q: undefined }), { zone: "a" });
});

test("an open instance does not count as a filter", () => {
  assert.equal(isFiltering({ instance: "i-1" }), false);
  assert.equal(isFiltering({ instance: "i-1", zone: "local-1a" }), true);
});

test("a chosen filter value stays a choice although nothing has it any more", () => {
  assert.deepEqual(
    optionsOf(["b", "a", "b"], "gone").map(({ value }) => value),
    ["", "a", "b", "gone"],
  );
});

test("news about an activity replaces what was known of it, newest first, within a bound", () => {
  const known = [fakeActivity(2, { outcome: "running" }), fakeActivity(1)];
  const merged = mergeActivities(known, [fakeActivity(3), fakeActivity(2, { outcome: "succeeded" })]);
  assert.deepEqual(
    merged.map(({ id, outcome }) => `${id} ${outcome}`),
    ["3 succeeded", "2 succeeded", "1 succeeded"],
  );
  const many = Array.from({ length: activitiesMax + 20 }, (_, index) => fakeActivity(index + 1));
  assert.equal(mergeActivities(known, many).length, activitiesMax);
  assert.equal(mergeActivities(known, many)[0]?.id, activitiesMax + 20);
});

test("no news leaves the very same list, so that nothing is drawn again", () => {
  const known = [fakeActivity(1)];
  assert.equal(mergeActivities(known, []), known);
});

test("events are found by kind, and by anything they say in any case", () => {
  const event = { at: "2026-01-01T00:00:00.000Z", app: "users", by: "instance", detail: "registered UP" } as const;
  const events = [
    { ...event, sequence: 1, kind: "registered", id: "i-1" },
    { ...event, sequence: 2, kind: "evicted", id: "i-1", by: "lease", detail: "its lease ended" },
    { ...event, sequence: 3, kind: "registered", id: "i-2" },
  ] as const;
  const found = (kind: string, find: string): number[] =>
    filterEvents(events, { kind, find }).map(({ sequence }) => sequence);
  assert.deepEqual(found("", ""), [1, 2, 3]);
  assert.deepEqual(found("registered", "USERS/i-1"), [1]);
  assert.deepEqual(found("", "lease"), [2]);
  assert.deepEqual(found("evicted", "i-2"), []);
});
