import assert from "node:assert/strict";
import { test } from "node:test";
import { Config } from "@holdfast/config";

test("a stronger layer hides a weaker one until it is removed, and explain shows both", () => {
  const config = new Config();
  config.set("application", "ratings.limit", 10);
  config.set("runtime", "ratings.limit", 20);
  assert.equal(config.get("ratings.limit", 5), 20);
  const { layer, value, layers } = config.explain("ratings.limit");
  assert.deepEqual([layer, value], ["runtime", 20]);
  assert.deepEqual(
    layers.map((said) => [said.layer, said.value]),
    [
      ["runtime", 20],
      ["application", 10],
    ],
  );
  config.set("runtime", "ratings.limit", undefined);
  assert.equal(config.get("ratings.limit", 5), 10);
});

test("subscribers hear of effective changes only, and not after they left", () => {
  const config = new Config();
  const limit = config.property("limit", 1);
  const seen: number[] = [];
  const leave = limit.subscribe((value) => seen.push(value));
  config.set("runtime", "limit", 2);
  config.set("application", "limit", 7);
  config.set("runtime", "limit", undefined);
  leave();
  config.set("runtime", "limit", 9);
  assert.deepEqual(seen, [2, 7]);
  assert.equal(limit.get(), 9);
});

test("the environment is read by name and a value of the wrong type is passed over", () => {
  const config = new Config();
  config.readEnvironment({ HOLDFAST_RATINGS_LIMIT: "30", HOLDFAST_DEBUG: "true", PATH: "/bin", HOLDFAST_SIZE: "big" });
  assert.equal(config.get("ratings.limit", 5), 30);
  assert.equal(config.get("debug", false), true);
  assert.equal(config.get("size", 4), 4);
  config.readEnvironment({ HOLDFAST_INSTANCE_TOKEN: "secret" }, new Set(["HOLDFAST_INSTANCE_TOKEN"]));
  assert.equal(config.explain("instance.token").value, undefined);
});

test("asking for the same property again gives the same object, so a request handler may", () => {
  const config = new Config();
  assert.equal(config.property("limit", 1), config.property("limit", 1));
  assert.notEqual(config.property("limit", 1), config.property("limit", 2));
  config.set("runtime", "limit", 5);
  assert.deepEqual([config.property("limit", 1).get(), config.property("limit", 2).get()], [5, 5]);
});

test("a watcher hears of every key that is set, until it stops", () => {
  const config = new Config();
  const heard: string[] = [];
  const stop = config.watch((key) => heard.push(key));
  config.set("runtime", "a", 1);
  config.set("application", "b", 2);
  config.set("runtime", "a", undefined);
  stop();
  config.set("runtime", "c", 3);
  assert.deepEqual(heard, ["a", "b", "a"]);
});

test("keys are named once, whatever layers have them, and no longer than one has", () => {
  const config = new Config();
  config.set("application", "a", 1);
  config.set("runtime", "a", 2);
  config.set("environment", "b", "x");
  config.get("asked.only", 0);
  assert.deepEqual([...config.keys()].toSorted(), ["a", "b"]);
  config.set("runtime", "a", undefined);
  config.set("environment", "b", undefined);
  assert.deepEqual([...config.keys()], ["a"]);
});
