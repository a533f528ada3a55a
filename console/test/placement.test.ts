import assert from "node:assert/strict";
import { test } from "node:test";
import { canBeKilled, outsideZones, placeInZones, shortZoneNames } from "../src/lib/placement.ts";
import { reasonsBeyond } from "../src/lib/reasons.ts";
import { toneOf } from "../src/lib/tone.ts";
import { fakeInstance, fakeInstances, fakeStatus } from "./fake-world.ts";

const { zones, services } = fakeStatus();

test("every zone has the same lines in the same order, the application first", () => {
  const columns = placeInZones(zones, services, fakeInstances());
  const lines = columns.map((column) => column.rows.map((row) => row.service).join(" "));
  assert.deepEqual(new Set(lines), new Set(["api catalog ratings recommendations users gateway registry"]));
  assert.deepEqual(
    columns.map((column) => column.rows.map((row) => row.instances.length)),
    columns.map(() => [1, 1, 1, 1, 1, 1, 1]),
  );
});

test("a service with no instance in a zone keeps its empty line there", () => {
  const without = fakeInstances().filter(({ name, zone }) => name !== "catalog" || zone !== "local-1b");
  const column = placeInZones(zones, services, without)[1];
  assert.equal(column?.rows.find((row) => row.service === "catalog")?.instances.length, 0);
});

test("a stopped instance is in no column, a draining one is", () => {
  const instances = [fakeInstance(1, { status: "stopped" }), fakeInstance(2, { status: "draining" })];
  const row = placeInZones(zones, services, instances)[0]?.rows.find(({ service }) => service === "catalog");
  assert.deepEqual(
    row?.instances.map(({ status }) => status),
    ["draining"],
  );
});

test("what lives in no zone is on the operator's side", () => {
  assert.deepEqual(
    outsideZones(zones, fakeInstances()).map(({ name }) => name),
    ["balancer", "control"],
  );
});

test("zone names are shortened only while they stay distinct", () => {
  assert.deepEqual([...shortZoneNames(["local-1a", "local-1b"]).values()], ["1a", "1b"]);
  assert.deepEqual([...shortZoneNames(["east-1a", "west-1a"]).values()], ["east-1a", "west-1a"]);
});

test("nothing in a healthy stack has the tone of a failure", () => {
  const states = [...fakeInstances().map(({ status }) => status), ...services.map(({ state }) => state)];
  assert.deepEqual(new Set(states.map(toneOf)), new Set(["good"]));
  assert.equal(toneOf("down"), "bad");
});

test("control and what has ended offer no kill", () => {
  assert.equal(canBeKilled(fakeInstance(1, { kind: "control" })), false);
  assert.equal(canBeKilled(fakeInstance(1, { status: "stopped" })), false);
  assert.equal(canBeKilled(fakeInstance(1, { kind: "registry", status: "unhealthy" })), true);
});

test("a reason that the verdict gives already is not repeated below it", () => {
  const sentence = "ratings down: 0 of 3 up (exited with code 1)";
  const reasons = ["ratings: 0 of 3 up (exited with code 1)", "users: 2 of 3 up"];
  assert.deepEqual(reasonsBeyond({ sentence, reasons }), ["users: 2 of 3 up"]);
});
