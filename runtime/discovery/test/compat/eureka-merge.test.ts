import assert from "node:assert/strict";
import { test } from "node:test";
import type { EurekaApplications, EurekaInstance } from "@holdfast/wire/eureka";
import { EurekaMerge } from "../../src/compat/eureka-merge.ts";
import { toEureka } from "../../src/compat/to-eureka.ts";
import { recordOf } from "../fake-registry.ts";

function instance(app: string, id: string, more: Partial<EurekaInstance> = {}): EurekaInstance {
  return { ...toEureka(recordOf(id, { app }), { lastDirtyTimestamp: 1, heartbeatMs: 30_000 }), ...more };
}

function applications(appsHashcode: string, ...instances: readonly EurekaInstance[]): EurekaApplications {
  const apps = Map.groupBy(instances, (one) => one.app);
  return {
    versionsDelta: "1",
    appsHashcode,
    applications: [...apps].map(([name, list]) => ({ name, instances: list })),
  };
}

function merged(): EurekaMerge {
  const merge = new EurekaMerge();
  merge.takeFull(applications("UP_2_", instance("api", "host-1"), instance("web", "host-1")), 0);
  return merge;
}

const names = (merge: EurekaMerge): string[] => merge.records().map(({ app, id, status }) => `${app}/${id} ${status}`);

test("a delta adds, changes and takes out by app and id, and may come again", () => {
  const merge = merged();
  const delta = applications(
    "DOWN_1_UP_1_",
    instance("api", "host-1", { actionType: "DELETED" }),
    instance("web", "host-1", { actionType: "MODIFIED", status: "DOWN" }),
    instance("api", "host-2", { actionType: "ADDED" }),
  );

  assert.equal(merge.takeDelta(delta, 1_000), true);
  assert.equal(merge.takeDelta(delta, 2_000), true);

  assert.deepEqual(names(merge).toSorted(), ["api/host-2 UP", "web/host-1 DOWN"]);
  assert.equal(merge.asOfMs, 2_000);
});

test("two apps may hold the same id", () => {
  const merge = merged();
  assert.deepEqual(names(merge), ["api/host-1 UP", "web/host-1 UP"]);
  assert.equal(merge.takeDelta(applications("UP_1_", instance("api", "host-1", { actionType: "DELETED" })), 1), true);
  assert.deepEqual(names(merge), ["web/host-1 UP"]);
});

test("a hash that differs asks for the whole list, and the view counts as no fresher", () => {
  const merge = merged();
  assert.equal(merge.takeDelta(applications("UP_3_"), 1_000), false);
  assert.equal(merge.asOfMs, 0);
});

test("what cannot be called counts in the hash all the same", () => {
  const merge = new EurekaMerge();
  merge.takeFull(applications("UP_1_", instance("api", "host-1", { port: { port: 0, enabled: true } })), 0);
  assert.deepEqual(merge.records(), []);
  assert.equal(merge.hashcode, "UP_1_");
});

test("nobody at all has the empty hash", () => {
  const merge = new EurekaMerge();
  merge.takeFull(applications(""), 0);
  assert.equal(merge.takeDelta(applications(""), 1), true);
});
