import assert from "node:assert/strict";
import { test } from "node:test";
import { errorFromProblem, problem } from "@holdfast/wire";
import { noticeFor } from "../src/actions/notice-for.ts";
import { explain, isRefused, isSignedOut } from "../src/api/http.ts";
import {
  clearOverrideCommand,
  curlCommand,
  killCommand,
  logsCommand,
  overrideCommand,
  restartCommand,
  scaleCommand,
  whyCommand,
} from "../src/lib/commands.ts";
import { firstSteps } from "../src/lib/first-steps.ts";
import { count, formatAge, formatLength, formatMs, formatPercent, formatRate, shortId } from "../src/lib/format.ts";
import { fakeActivity, fakeInstances, fakeStatus } from "./fake-world.ts";

test("each action has the command that does the same", () => {
  assert.equal(killCommand("i-1"), "npx holdfast kill i-1");
  assert.equal(killCommand("i-1", "SIGSTOP"), "npx holdfast kill i-1 --signal SIGSTOP");
  assert.equal(scaleCommand("catalog", 4), "npx holdfast scale catalog 4");
  assert.equal(restartCommand("catalog"), "npx holdfast restart catalog");
  assert.equal(logsCommand("catalog"), "npx holdfast logs catalog -f");
  assert.equal(whyCommand("catalog", "i-1"), "npx holdfast why catalog/i-1");
  assert.equal(clearOverrideCommand("catalog", "i-1"), "npx holdfast override catalog/i-1 --clear");
  assert.equal(curlCommand("http://127.0.0.1:8080"), "curl -i http://127.0.0.1:8080/");
});

test("a reason reaches the command whole, whatever a shell would make of it", () => {
  assert.equal(
    overrideCommand("catalog", "i-1", "OUT_OF_SERVICE", "it's $slow"),
    "npx holdfast override catalog/i-1 OUT_OF_SERVICE --reason 'it'\\''s $slow'",
  );
});

test("ages grow coarser and are never negative", () => {
  const ages = [-5_000, 900, 12_900, 61_000, 7_300_000, 200_000_000].map(formatAge);
  assert.deepEqual(ages, ["now", "now", "12 s", "1 min", "2 h", "2 d"]);
});

test("a figure that was not measured is a dash, never a zero", () => {
  assert.deepEqual([formatRate(null), formatPercent(null), formatMs(null)], ["–", "–", "–"]);
  assert.deepEqual([formatRate(0), formatPercent(0)], ["0", "0 %"]);
});

test("what is left of a lease is told to the tenth of a second only where that matters", () => {
  assert.deepEqual([0.3, 8_640, 90_000, 863_800].map(formatLength), ["< 1 ms", "8.6 s", "90.0 s", "14 min"]);
});

test("a small share of failures is never rounded down to none", () => {
  assert.deepEqual([0.000_1, 0.24, 3.14].map(formatPercent), ["< 0.01 %", "0.24 %", "3.1 %"]);
  assert.deepEqual([0.04, 3.21, 212.4].map(formatRate), ["< 0.1", "3.2", "212"]);
  assert.deepEqual([0.4, 17.6, 1_240].map(formatMs), ["< 1 ms", "18 ms", "1.2 s"]);
});

test("instance ids are shortened to what tells them apart", () => {
  assert.equal(shortId("i-9f3a01c2"), "9f3a");
  assert.equal(shortId("control"), "control");
  assert.equal(count(1, "instance"), "1 instance");
});

test("a refusal is told with its next step, and silence as control not answering", () => {
  const refused = errorFromProblem(
    problem(503, "STATE_READ_ONLY", "state: cannot be written", { next: "Free disk." }),
    503,
  );
  assert.deepEqual(explain(refused), { sentence: "state: cannot be written", next: "Free disk." });
  assert.equal(explain(new TypeError("fetch failed")).sentence, "Control does not answer.");
  assert.equal(isSignedOut(errorFromProblem(undefined, 401)), true);
  assert.equal(isSignedOut(refused), false);
});

test("only what control will refuse again is not tried again", () => {
  assert.deepEqual(
    [400, 404, 410].map((status) => isRefused(errorFromProblem(undefined, status))),
    [true, true, true],
  );
  assert.equal(isRefused(errorFromProblem(undefined, 503)), false);
  assert.equal(isRefused(new TypeError("fetch failed")), false);
});

test("an answer that is an operation is followed, any other acknowledged", () => {
  const operation = { id: "op-1", total: 3 };
  assert.deepEqual(noticeFor(operation, "Restarting api"), { kind: "operation", id: "op-1", title: "Restarting api" });
  assert.equal(noticeFor({}, "Restarting api").kind, "sentence");
});

test("first steps name a running instance and are ticked off by what happened, not by the reconciler", () => {
  const status = fakeStatus();
  const instances = fakeInstances();
  const before = firstSteps(status, instances, [fakeActivity(1, { kind: "scale", actor: "reconciler" })]);
  assert.deepEqual(
    before.map(({ done }) => done),
    [true, false, false],
  );
  assert.equal(before[1]?.command, `npx holdfast kill ${instances.find(({ name }) => name === "api")?.id}`);
  assert.equal(before[2]?.command, "npx holdfast scale api 4");
  const after = firstSteps(status, instances, [fakeActivity(2, { kind: "kill", actor: "operator" })]);
  assert.equal(after[1]?.done, true);
});

test("there is nothing to try while nothing is deployed", () => {
  assert.deepEqual(firstSteps({ ...fakeStatus(), services: [] }, [], []), []);
});
