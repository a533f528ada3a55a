import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConfigChangeView } from "@holdfast/wire/control";
import { editText, readScope, scopeText, short } from "../src/cli/config/config-words.ts";
import { readRevision, whatText } from "../src/cli/config/history.ts";
import { readGate, readSteps } from "../src/cli/config/stage.ts";

test("scopes are named by our words or Archaius's, in any case, and a wrong one is told all that there are", () => {
  assert.deepEqual(readScope(["service=ratings", "ENV=prod,test", "instance=i-1"]), {
    appId: "ratings",
    env: "prod,test",
    serverId: "i-1",
  });
  for (const bad of ["planet=mars", "env", "env= ", "=x"])
    assert.throws(() => readScope([bad]), /^OptionError|--scope: must be name=value, its name one of service/, bad);
});

test("steps are shares and zones, a gate what the flags say, and a wrong one is named", () => {
  assert.deepEqual(readSteps("10%, 33.3 %,zone:local-1a+local-1b"), {
    steps: [{ fraction: 0.1 }, { fraction: 0.333 }, { zones: ["local-1a", "local-1b"] }],
  });
  assert.deepEqual(readSteps(undefined), {});
  for (const bad of ["10", "0%", "101%", "", "zone:"])
    assert.throws(() => readSteps(bad), { code: "OPTION_INVALID" }, bad);
  assert.deepEqual(readGate({ watch: "1m", requests: "0", errors: "0.5" }), {
    gate: { watchMs: 60_000, requestsMin: 0, errorPointsMax: 0.5 },
  });
  assert.deepEqual(readGate({}), {});
  for (const bad of [{ watch: "soon" }, { requests: "-1" }, { errors: "two" }])
    assert.throws(() => readGate(bad), { code: "OPTION_INVALID" });
});

test("a change is one line: the edit asked for, how many more, or the secret without its values", () => {
  const change: ConfigChangeView = {
    revision: 7,
    at: "",
    author: "ann",
    reason: "",
    kind: "set",
    edits: [
      { key: "a", scope: {}, before: null, after: "line\none" },
      { key: "b", scope: { env: "prod", zone: "z" }, before: "1", after: null },
    ],
    stage: null,
    rollback: null,
    secret: null,
  };
  assert.equal(whatText(change), "a: – → line\\none (everywhere) and 1 more");
  assert.equal(whatText(change, "b"), "b: 1 → – (env=prod zone=z)");
  const secret = { name: "S", before: null, after: "0123456789ab" };
  assert.equal(whatText({ ...change, secret }), "secret S: – → 0123456789ab");
  assert.equal(
    editText({ key: "k", scope: {}, before: "", after: "x".repeat(60) }),
    `k: "" → ${"x".repeat(47)}… (everywhere)`,
  );
});

test("revisions are numbers, with or without their r", () => {
  assert.deepEqual([readRevision("R", "7"), readRevision("R", "r12")], [7, 12]);
  for (const bad of ["", "r", "-1", "1.5"])
    assert.throws(() => readRevision("R", bad), { code: "OPTION_INVALID" }, bad);
});

test("scopes read as people say them, values stay on one line", () => {
  assert.equal(scopeText({}), "everywhere");
  assert.equal(scopeText({ region: "east", appId: "x" }), "service=x region=east");
  assert.deepEqual([short(null), short(""), short("a\tb")], ["–", '""', "a\\tb"]);
});
