import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  bytes,
  Config,
  date,
  duration,
  json,
  list,
  map,
  number,
  oneOf,
  set,
  text,
  texts,
  type ValueType,
} from "@holdfast/config";
import { FakeClock } from "@holdfast/testing";
import { RememberingLog } from "./remembering-log.ts";

function world(): { config: Config; log: RememberingLog } {
  const log = new RememberingLog();
  return { config: new Config({ log, clock: new FakeClock() }), log };
}

describe("a property", () => {
  test("has its fallback until somebody says something, and again when nobody does any more", () => {
    const { config } = world();
    const limit = config.property("limit", 10);
    assert.deepEqual([limit.get(), limit.isSet], [10, false]);
    config.set("libraries", "limit", "20");
    assert.deepEqual([limit.get(), limit.isSet], [20, true]);
    config.set("libraries", "limit", undefined);
    assert.deepEqual([limit.get(), limit.isSet], [10, false]);
  });

  test("keeps its last good value when a wrong one comes, and says so once", () => {
    const { config, log } = world();
    const limit = config.property("limit", 10);
    const heard: number[] = [];
    limit.subscribe((value) => heard.push(value));
    config.set("application", "limit", 20);
    config.set("runtime", "limit", "many");
    assert.equal(limit.get(), 20);
    config.set("runtime", "limit", "many");
    assert.deepEqual(log.events("config.value.refused"), [
      { key: "limit", layer: "runtime", value: "many", why: "must be a number", source: undefined },
    ]);
    assert.equal(config.explain("limit").refused?.why, "must be a number");
    config.set("runtime", "limit", "30");
    assert.deepEqual([limit.get(), heard, config.explain("limit").refused], [30, [20, 30], undefined]);
  });

  test("asked for after a wrong value has come has what the next weaker source says", () => {
    const { config } = world();
    config.set("application", "limit", 20);
    config.set("runtime", "limit", "many");
    assert.equal(config.property("limit", 10).get(), 20);
  });

  test("with a check takes only what passes it", () => {
    const { config } = world();
    const check = (value: number): true | string => value > 0 || "must be more than 0";
    const limit = config.property("limit", 10, { check });
    config.set("runtime", "limit", -1);
    assert.equal(limit.get(), 10);
    assert.equal(config.explain("limit").refused?.why, "must be more than 0");
    config.set("runtime", "limit", 5);
    assert.equal(limit.get(), 5);
  });

  test("whose subscriber throws is heard of by the others, and the log says so", () => {
    const { config, log } = world();
    const limit = config.property("limit", 1);
    const heard: number[] = [];
    limit.subscribe(() => {
      throw new Error("broken");
    });
    limit.subscribe((value) => heard.push(value));
    config.set("runtime", "limit", 2);
    assert.deepEqual(heard, [2]);
    assert.equal(log.events("config.subscriber.failed").length, 1);
  });

  test("is mapped: live, told only when the result is another one, and kept where the mapping throws", () => {
    const { config } = world();
    const half = config.property("n", 10).map((n) => {
      if (n < 0) throw new Error("no half of that");
      return Math.floor(n / 2);
    });
    const heard: number[] = [];
    half.subscribe((value) => heard.push(value));
    config.set("runtime", "n", 11);
    config.set("runtime", "n", 20);
    config.set("runtime", "n", -2);
    assert.deepEqual([half.get(), heard], [10, [10]]);
  });

  test("or else another: the first that is set counts, whenever that changes", () => {
    const { config } = world();
    const chain = config.property("a", 1).orElse("b").orElse(config.property("c", 3));
    const heard: number[] = [];
    chain.subscribe((value) => heard.push(value));
    assert.equal(chain.get(), 3);
    config.set("runtime", "c", 30);
    config.set("runtime", "b", 20);
    config.set("runtime", "a", 1);
    config.set("runtime", "b", 21);
    config.set("runtime", "a", undefined);
    assert.deepEqual([chain.get(), heard], [21, [30, 20, 1, 21]]);
  });

  test("chained over several keys is the first that is set, else the fallback", () => {
    const { config } = world();
    const name = config.chained(["app.name", "cluster.name", "name"], "none");
    assert.deepEqual([name.get(), name.isSet], ["none", false]);
    config.set("application", "name", "n");
    assert.equal(name.get(), "n");
    config.set("application", "app.name", "a");
    assert.equal(name.get(), "a");
    config.set("application", "app.name", undefined);
    config.set("application", "cluster.name", "c");
    assert.equal(name.get(), "c");
  });
});

const rows: readonly (readonly [what: string, type: ValueType<unknown>, value: string | number, expected: unknown])[] =
  [
    ["a duration", duration, "250ms", 250],
    ["a duration", duration, "5s", 5_000],
    ["a duration of ISO 8601", duration, "PT1M30S", 90_000],
    ["a day of ISO 8601", duration, "P1D", 86_400_000],
    ["a bare number of ms", duration, 40, 40],
    ["no duration", duration, "soon", undefined],
    ["an empty ISO duration", duration, "PT", undefined],
    ["bytes", bytes, "64KiB", 65_536],
    ["bytes", bytes, "10MB", 10_000_000],
    ["no bytes", bytes, "10 parrots", undefined],
    ["a date", date, "2026-11-23T10:00:00Z", new Date("2026-11-23T10:00:00Z")],
    ["ms since 1970", date, "1000", new Date(1_000)],
    ["no date", date, "tomorrow", undefined],
    ["a list", texts, "a, b ,c", ["a", "b", "c"]],
    ["an empty list", texts, "", []],
    ["a JSON list", list(number), "[1,2]", [1, 2]],
    ["a list with a wrong element", list(number), "1,two", undefined],
    ["a JSON list that is none", list(number), "[1,", undefined],
    ["a set", set(text), "a,b,a", new Set(["a", "b"])],
    [
      "a map",
      map(number),
      "a=1;b=2",
      new Map([
        ["a", 1],
        ["b", 2],
      ]),
    ],
    ["a JSON map", map(number), '{"a":1}', new Map([["a", 1]])],
    ["a map without =", map(number), "a", undefined],
    ["a word", oneOf("fast", "slow"), "slow", "slow"],
    ["another word", oneOf("fast", "slow"), "Fast", undefined],
    ["JSON", json((value): value is number[] => Array.isArray(value)), "[1]", [1]],
    ["JSON that is another thing", json((value): value is number[] => Array.isArray(value)), "{}", undefined],
  ];

for (const [what, type, value, expected] of rows) {
  test(`${what}: ${value} is read as ${expected === undefined ? "nothing" : JSON.stringify(expected)}`, () => {
    const { config } = world();
    config.set("application", "key", value);
    assert.deepEqual(config.property<unknown>("key", undefined, { type }).get(), expected);
  });
}

test("a list that is said anew in other words is no change", () => {
  const { config } = world();
  const hosts = config.property<readonly string[]>("hosts", [], { type: texts });
  let told = 0;
  hosts.subscribe(() => (told += 1));
  config.set("application", "hosts", "a,b");
  const first = hosts.get();
  config.set("application", "hosts", '["a","b"]');
  assert.equal(told, 1);
  assert.equal(hosts.get(), first);
});

const cases =
  '[{"if":{"@environment":["prod"],"@region":["us-east-1"]},"value":5},{"if":{"@environment":["test","dev"]},"value":10},{"value":2}]';

test("a contextual property is the first case that fits, and follows its context", () => {
  const { config } = world();
  const limit = config.contextual("limit", 1);
  assert.equal(limit.get(), 1);
  config.set("application", "limit", cases);
  assert.equal(limit.get(), 2);
  config.set("default", "@environment", "prod");
  assert.equal(limit.get(), 2);
  config.set("default", "@region", "us-east-1");
  assert.equal(limit.get(), 5);
  config.set("default", "@environment", "dev");
  assert.equal(limit.get(), 10);
  config.set("runtime", "limit", 7);
  assert.equal(limit.get(), 7);
});

test("a contextual property of which no case fits keeps its last good value; one that is no list counts as it is", () => {
  const { config } = world();
  config.set("application", "limit", '[{"if":{"@environment":["prod"]},"value":5}]');
  assert.equal(config.contextual("limit", 1).get(), 1);
  config.set("application", "name", "[not json");
  assert.equal(config.contextual("name", "x").get(), "[not json");
});

test("subscribers see a change of many keys as one: none of them sees half of it", () => {
  const { config } = world();
  const [a, b] = [config.property("a", 0), config.property("b", 0)];
  const seen: string[] = [];
  a.subscribe(() => seen.push(`${a.get()},${b.get()}`));
  b.subscribe(() => seen.push(`${a.get()},${b.get()}`));
  config.replace(
    "application",
    "file",
    new Map([
      ["a", { value: 1 }],
      ["b", { value: 1 }],
    ]),
  );
  config.replace("application", "file", new Map([["b", { value: 2 }]]));
  assert.deepEqual(seen, ["1,1", "1,1", "0,2", "0,2"]);
});

test("10,000 properties with 500 listeners: a change of one key works on that key alone", () => {
  const { config } = world();
  let heard = 0;
  for (let i = 0; i < 10_000; i++) config.property(`key.${i}`, 0);
  for (let i = 0; i < 500; i++) config.property("key.7", 0).subscribe(() => (heard += 1));
  const before = performance.now();
  for (let i = 1; i <= 200; i++) config.set("remote", "key.7", i);
  assert.equal(heard, 100_000);
  assert.ok(performance.now() - before < 1_000, "a change looks at all properties");
});
