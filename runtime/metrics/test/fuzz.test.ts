import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { test } from "node:test";
import { type Random, SeededRandom, silentLog } from "@holdfast/kernel";
import {
  atlasTags,
  MeterRegistry,
  metricsText,
  prometheusText,
  SpectatordReceiver,
  type Tags,
} from "@holdfast/metrics";
import { FakeClock } from "@holdfast/testing";

const odd = [
  "",
  "a",
  "B",
  "_",
  "__x",
  "1",
  "é",
  "\n",
  '"',
  "\\",
  "=",
  ",",
  ":",
  " ",
  ".",
  "-",
  "\u0000",
  "\u{1f600}",
  "name",
  "le",
  "total",
];

function oddText(random: Random, longest: number): string {
  return Array.from({ length: random.below(longest) }, () => odd[random.below(odd.length)] ?? "").join("");
}

function oddTags(random: Random): Tags {
  return Object.fromEntries(Array.from({ length: random.below(5) }, () => [oddText(random, 4), oddText(random, 6)]));
}

/** Meters of every kind under whatever names and tags. */
function oddMeters(random: Random): MeterRegistry {
  const meters = new MeterRegistry();
  for (let i = 0; i < 300; i++) {
    const [name, tags] = [oddText(random, 5), oddTags(random)];
    const value = (random.next() - 0.3) * 10 ** random.below(12);
    try {
      [
        () => meters.counter(name, tags).increment(value),
        () => meters.gauge(name, tags).set(value),
        () => meters.maxGauge(name, tags).set(value),
        () => meters.timer(name, tags).record(value),
        () => meters.summary(name, tags).record(value),
        () => meters.percentileTimer(name, tags).record(value),
        () => meters.percentileSummary(name, tags).record(value),
      ][random.below(7)]?.();
    } catch (error) {
      assert.match(String(error), /is already a/);
    }
  }
  return meters;
}

const promtool = spawnSync("promtool", ["--version"]).status === 0;

test("whatever meters are called, the text can be read", { skip: promtool ? false : "needs promtool" }, () => {
  for (let seed = 1; seed <= 10; seed++) {
    const input = prometheusText(oddMeters(new SeededRandom(seed)).snapshot());
    const { status, stderr } = spawnSync("promtool", ["check", "metrics"], { input, encoding: "utf8" });
    // 3: it has been read, and names could be prettier.
    assert.ok(status === 0 || status === 3, `seed ${seed}: ${stderr}`);
    assert.doesNotMatch(stderr, /error while linting|parsing/i, `seed ${seed}`);
  }
  const input = "broken{ 1\n";
  assert.throws(() => execFileSync("promtool", ["check", "metrics"], { input, stdio: ["pipe", "ignore", "ignore"] }));
});

test("no series is written twice, in either format", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const snapshots = oddMeters(new SeededRandom(seed)).snapshot();
    for (const accept of ["text/plain", "application/openmetrics-text"]) {
      const lines = metricsText(snapshots, accept)
        .text.split("\n")
        .filter((line) => line !== "");
      const series = lines.filter((line) => !line.startsWith("#")).map((line) => line.slice(0, line.lastIndexOf(" ")));
      const twice = series.filter((one, index) => series.indexOf(one) !== index);
      assert.deepEqual(twice, [], `seed ${seed}`);
      const types = lines.filter((line) => line.startsWith("# TYPE")).map((line) => line.split(" ")[2]);
      assert.equal(new Set(types).size, types.length, `seed ${seed}`);
    }
  }
});

test("whatever the tags, what Atlas is told is within its limits", () => {
  const random = new SeededRandom(4);
  for (let i = 0; i < 2_000; i++) {
    for (const [key, value] of Object.entries(atlasTags(oddText(random, 200), oddTags(random)))) {
      assert.match(key, /^[-._A-Za-z0-9^~]{2,60}$/);
      assert.match(value, /^[-._A-Za-z0-9^~]{1,255}$/);
    }
  }
});

test("no bytes from a stranger break the receiver of lines, and all are counted", () => {
  const random = new SeededRandom(9);
  const meters = new MeterRegistry();
  const receiver = new SpectatordReceiver(new FakeClock(), silentLog, meters);
  const words = ["", "a", "b1", "é", "\u0000", ":", ",", "="];
  const numbers = ["0", "1", "-1", "2.5", "1e999", "NaN", "", "0x1", "18446744073709551616"];
  const types = ["c", "t", "T", "d", "D", "g", "g,5", "g,x", "m", "A", "C", "U", "X,1", "X", "q", ""];
  const one = (of: readonly string[]): string => of[random.below(of.length)] ?? "";
  let lines = 0;
  for (let i = 0; i < 20_000; i++) {
    const tags = Array.from({ length: random.below(3) }, () => `,${one(words)}=${one(words)}`).join("");
    receiver.takeBatch(`${one(types)}:${one(words)}${tags}:${one(numbers)}`);
    lines += 1;
  }
  const [parsed, errors] = ["spectatord.parsedCount", "spectatord.parseErrors"].map(
    (name) => meters.counter(name).count,
  );
  assert.equal((parsed ?? 0) + (errors ?? 0), lines);
  assert.ok((parsed ?? 0) > 500, `${parsed} were lines`);
});

test("a meter is one for its name and tags, in any order, through expiry and change", async () => {
  const random = new SeededRandom(11);
  const meters = new MeterRegistry({ ttlMs: 1_000 });
  const model = new Map<string, { meter: object; count: number }>();
  let nowMs = 0;
  for (let i = 0; i < 20_000; i++) {
    const entries = ["x", "y", "z"].slice(0, random.below(4)).map((key) => [key, String(random.below(4))] as const);
    const shuffled = entries.toSorted(() => random.next() - 0.5);
    const tags = Object.fromEntries(shuffled);
    const meter = meters.counter("c", random.below(2) === 0 ? Object.freeze(tags) : tags);
    meter.increment();
    const key = JSON.stringify(entries);
    const known = model.get(key);
    if (known !== undefined) assert.equal(meter, known.meter);
    model.set(key, { meter, count: (known?.count ?? 0) + 1 });
    if (random.below(200) === 0) {
      nowMs += random.below(3_000);
      const shown = meters.snapshot(nowMs);
      assert.equal(shown.length, model.size);
      for (const one of shown) {
        const expected = model.get(JSON.stringify(Object.entries(one.tags).toSorted(([a], [b]) => (a < b ? -1 : 1))));
        assert.equal("count" in one && one.count, expected?.count);
      }
    }
  }
});
