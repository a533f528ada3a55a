import assert from "node:assert/strict";
import { test } from "node:test";
import { type InstanceStatus, instanceStatuses } from "@holdfast/wire";
import { effectiveStatus } from "../src/effective-status.ts";
import { recordOf } from "./records.ts";

/** What callers see of an instance that says `own`, under each override, damped or not. */
const ofOurs: Readonly<Record<InstanceStatus, Readonly<Record<InstanceStatus | "none", InstanceStatus>>>> = {
  UP: {
    none: "UP",
    UP: "UP",
    DOWN: "DOWN",
    STARTING: "STARTING",
    OUT_OF_SERVICE: "OUT_OF_SERVICE",
    UNKNOWN: "UNKNOWN",
  },
  OUT_OF_SERVICE: {
    none: "OUT_OF_SERVICE",
    UP: "OUT_OF_SERVICE",
    DOWN: "DOWN",
    STARTING: "STARTING",
    OUT_OF_SERVICE: "OUT_OF_SERVICE",
    UNKNOWN: "UNKNOWN",
  },
  DOWN: all("DOWN"),
  STARTING: all("STARTING"),
  UNKNOWN: all("UNKNOWN"),
};

function all(status: InstanceStatus): Record<InstanceStatus | "none", InstanceStatus> {
  return { none: status, UP: status, DOWN: status, STARTING: status, OUT_OF_SERVICE: status, UNKNOWN: status };
}

const eureka = {
  hostName: "h",
  app: "CATALOG",
  ipAddr: "127.0.0.1",
  port: { value: 1, enabled: true },
  securePort: { value: 2, enabled: false },
  metadata: {},
} as unknown as NonNullable<ReturnType<typeof recordOf>["eureka"]>;

test("what callers see of an instance of ours: its own word, that an override can only lower", () => {
  for (const own of instanceStatuses) {
    const record = recordOf("i-1", { status: own });
    assert.equal(effectiveStatus(record, undefined, false), ofOurs[own].none);
    for (const override of instanceStatuses) {
      assert.equal(effectiveStatus(record, override, false), ofOurs[own][override], `${own} under ${override}`);
    }
  }
});

test("what callers see of a Eureka client: an override counts whatever it is, unless the instance cannot serve", () => {
  for (const own of instanceStatuses) {
    const record = recordOf("i-1", { status: own, eureka });
    assert.equal(effectiveStatus(record, undefined, false), own);
    for (const override of instanceStatuses) {
      const expected = own === "UP" || own === "OUT_OF_SERVICE" ? override : own;
      assert.equal(effectiveStatus(record, override, false), expected, `${own} under ${override}`);
    }
  }
});

test("damping makes OUT_OF_SERVICE of UP and changes nothing else; a Eureka client's override outweighs it", () => {
  for (const own of instanceStatuses) {
    const expected = own === "UP" ? "OUT_OF_SERVICE" : own;
    assert.equal(effectiveStatus(recordOf("i-1", { status: own }), undefined, true), expected, own);
  }
  assert.equal(effectiveStatus(recordOf("i-1"), "UP", true), "OUT_OF_SERVICE", "no override raises one of ours");
  assert.equal(effectiveStatus(recordOf("i-1", { eureka }), "UP", true), "UP");
  assert.equal(effectiveStatus(recordOf("i-1"), "DOWN", true), "DOWN");
});
