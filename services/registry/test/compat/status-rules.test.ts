import assert from "node:assert/strict";
import { test } from "node:test";
import type { InstanceStatus } from "@holdfast/wire";
import { resolveStatus, type StatusQuestion } from "../../src/compat/status-rules.ts";

const nothing = { override: undefined, asg: undefined, existing: undefined, replication: false } as const;

test("the first of Eureka's rules that has an answer decides", () => {
  const cases: [Partial<StatusQuestion> & { own: InstanceStatus }, InstanceStatus, string][] = [
    [{ own: "UP" }, "UP", "AlwaysMatch"],
    [{ own: "OUT_OF_SERVICE" }, "OUT_OF_SERVICE", "AlwaysMatch"],
    [{ own: "DOWN", override: "UP", asg: "ENABLED", existing: "UP" }, "DOWN", "DownOrStarting"],
    [{ own: "STARTING", override: "OUT_OF_SERVICE" }, "STARTING", "DownOrStarting"],
    [{ own: "UNKNOWN", existing: "UP" }, "UNKNOWN", "DownOrStarting"],
    [{ own: "UP", override: "OUT_OF_SERVICE", asg: "ENABLED", existing: "UP" }, "OUT_OF_SERVICE", "OverrideExists"],
    [{ own: "OUT_OF_SERVICE", override: "UP" }, "UP", "OverrideExists"],
    [{ own: "UP", asg: "DISABLED", existing: "UP" }, "OUT_OF_SERVICE", "AsgEnabled"],
    [{ own: "OUT_OF_SERVICE", asg: "ENABLED", existing: "OUT_OF_SERVICE" }, "UP", "AsgEnabled"],
    [{ own: "UP", existing: "OUT_OF_SERVICE" }, "OUT_OF_SERVICE", "LeaseExists"],
    [{ own: "OUT_OF_SERVICE", existing: "UP" }, "UP", "LeaseExists"],
    [{ own: "UP", existing: "DOWN" }, "UP", "AlwaysMatch"],
    [{ own: "UP", existing: "UNKNOWN" }, "UP", "AlwaysMatch"],
    [{ own: "UP", existing: "OUT_OF_SERVICE", replication: true }, "UP", "AlwaysMatch"],
  ];
  for (const [question, status, rule] of cases) {
    assert.deepEqual(resolveStatus({ ...nothing, ...question }), { status, rule }, JSON.stringify(question));
  }
});
