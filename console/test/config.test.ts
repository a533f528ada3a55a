import assert from "node:assert/strict";
import { test } from "node:test";
import { quoted } from "../src/lib/quoted.ts";
import {
  changeWords,
  listeningByService,
  matches,
  readScopeText,
  scopeText,
  setCommand,
  shownTrials,
} from "../src/pages/config/config-words.ts";
import { FakeConfig } from "./fake-config.ts";
import { fakeInstances } from "./fake-world.ts";

const fake = new FakeConfig(fakeInstances);

test("scopes are said and read in the same words; a name nobody knows stays, for control to refuse", () => {
  const scope = { appId: "ratings", env: "prod,test", serverId: "i-1" };
  assert.equal(scopeText(scope), "instance=i-1 service=ratings env=prod,test");
  assert.deepEqual(readScopeText(scopeText(scope)), scope);
  assert.deepEqual(readScopeText("  planet=mars;  zone=a=b nonsense =x"), { planet: "mars", zone: "a=b" });
});

test("what a form asks for is the command that does the same, safe in a shell", () => {
  assert.equal(setCommand("a.b", "5", {}, { kind: "at-once" }, ""), "npx holdfast config set a.b 5");
  assert.equal(
    setCommand("a.b", "it's", { appId: "x" }, { kind: "zone", zone: "local-1a" }, "why not"),
    "npx holdfast config stage a.b 'it'\\''s' -s service=x --steps zone:local-1a --reason 'why not'",
  );
  assert.equal(setCommand("a", null, {}, { kind: "at-once" }, "x"), "npx holdfast config set a --remove --reason x");
  assert.equal(quoted("$(rm -rf /)"), "'$(rm -rf /)'");
  assert.equal(quoted(""), "''");
});

test("a value is found by its key, value, scope, author or reason", () => {
  const found = (find: string): string[] =>
    fake.properties.filter((property) => matches(property, find)).map(({ value }) => value);
  assert.deepEqual(found("LIMIT"), ["5", "10"]);
  assert.deepEqual(found("zone=local-1a"), ["5"]);
  assert.deepEqual(found("carl").length, 1);
  assert.deepEqual(found("quieter"), ["30s"]);
});

test("services say how many of theirs listen and the least that one was told of", () => {
  const all = fake.listeners();
  const [one, two] = all.filter(({ service }) => service === "catalog");
  assert.ok(one && two);
  const mixed = all.map((listener) => {
    if (listener === one) return { ...listener, listening: false, revision: null };
    return listener === two ? { ...listener, revision: 3 } : listener;
  });
  const catalog = listeningByService(mixed).find(({ service }) => service === "catalog");
  assert.deepEqual(
    [catalog?.instances, catalog?.listening, catalog?.revision, catalog?.silent],
    [3, 2, 3, [one.instance]],
  );
});

test("running trials show, and the last three that ended", () => {
  const [running, ended] = fake.stages;
  assert.ok(running && ended);
  const many = Array.from({ length: 5 }, (_, i) => ({ ...ended, id: `e${i}` }));
  assert.deepEqual(
    shownTrials([...many, running]).map(({ id }) => id),
    [running.id, "e0", "e1", "e2"],
  );
});

test("a change is told in few words", () => {
  assert.deepEqual(fake.changes.map(changeWords), [
    "trial went on",
    "trial begun",
    "set",
    "trial taken back",
    "secret DB_PASSWORD changed",
    "set",
    "undid revision 7",
  ]);
});
