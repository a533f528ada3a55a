import assert from "node:assert/strict";
import { test } from "node:test";
import { Config } from "@holdfast/config";

const rows: readonly (readonly [written: string, expected: string])[] = [
  ["plain", "plain"],
  ["${name}", "ada"],
  ["hello ${name}!", "hello ada!"],
  ["${missing}", "${missing}"],
  ["${missing:nobody}", "nobody"],
  ["${missing:}", ""],
  ["${name:nobody}", "ada"],
  ["${missing:${name}}", "ada"],
  ["${missing:${alsoMissing:deep}}", "deep"],
  ["${greeting}", "hello ada"],
  ["${${which}}", "ada"],
  ["${missing:http://h:80/}", "http://h:80/"],
  ["$${name}", "${name}"],
  ["${name", "${name"],
  ["${a}${name}$", "${a}ada$"],
  ["{}$", "{}$"],
];

function config(): Config {
  const made = new Config();
  made.set("application", "name", "ada");
  made.set("application", "which", "name");
  made.set("application", "greeting", "hello ${name}");
  return made;
}

for (const [written, expected] of rows) {
  test(`${written} becomes ${expected}`, () => {
    const world = config();
    world.set("application", "key", written);
    assert.equal(world.get("key", ""), expected);
    assert.equal(world.property("key", "").get(), expected);
    assert.equal(world.explain("key").value, expected);
  });
}

test("a property follows what it refers to, over two steps, and is read as its own type", () => {
  const world = config();
  world.set("application", "base", "${number}");
  world.set("application", "limit", "${base:7}0");
  const limit = world.property("limit", 1);
  assert.equal(limit.get(), 1);
  world.set("runtime", "number", 4);
  assert.equal(limit.get(), 40);
  const heard: number[] = [];
  limit.subscribe((value) => heard.push(value));
  world.set("runtime", "number", 5);
  assert.deepEqual(heard, [50]);
});

test("a value that refers to itself is refused with the way round, and the last good one stays", () => {
  const world = new Config();
  const a = world.property("a", "start");
  world.set("application", "a", "${b}");
  world.set("application", "b", "fine");
  assert.equal(a.get(), "fine");
  world.set("application", "b", "${c}");
  world.set("application", "c", "${a}");
  assert.equal(a.get(), "${c}");
  assert.equal(world.explain("a").refused?.why, "refers to itself: a → b → c → a");
  assert.equal(world.get("a", "fallback"), "fallback");
});
