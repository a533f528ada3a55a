import assert from "node:assert/strict";
import { test } from "node:test";
import {
  addressOf,
  backoffMs,
  coordinatesOf,
  hasCode,
  JsonLog,
  makeZones,
  OptionError,
  PlatformError,
  parseDurationMs,
  parseInstanceId,
  SeededRandom,
  SystemClock,
  withDefaults,
  within,
  zoneKey,
} from "@holdfast/kernel";

test("three zones of one region are named and numbered for their addresses", () => {
  const zones = makeZones(1, 3);
  assert.deepEqual(
    zones.map((zone) => `${zone.name} ${zoneKey(zone)}`),
    ["local-1a 1.1", "local-1b 1.2", "local-1c 1.3"],
  );
  const third = zones[2];
  assert.ok(third);
  assert.equal(addressOf(third, 12), "127.1.3.12");
  assert.deepEqual(coordinatesOf("127.1.3.12"), { region: 1, zone: 3, host: 12 });
  assert.equal(coordinatesOf("127.0.0.1"), undefined);
  assert.throws(() => makeZones(0, 3), OptionError);
  assert.throws(() => addressOf(third, 254), /host: must be a whole number from 1 to 253/);
});

test("the same seed gives the same numbers and children do not disturb each other", () => {
  const one = new SeededRandom(7);
  const two = new SeededRandom(7);
  assert.deepEqual([one.next(), one.hex(4)], [two.next(), two.hex(4)]);
  const [a, b] = [new SeededRandom(9).child("a"), new SeededRandom(9).child("b")];
  assert.notEqual(a.next(), b.next());
  for (let i = 0; i < 1_000; i++) assert.ok(one.below(6) < 6);
});

test("durations are read with their units and nonsense is refused", () => {
  assert.deepEqual(["250ms", "2s", "1.5m", "1h", 40].map(parseDurationMs), [250, 2_000, 90_000, 3_600_000, 40]);
  assert.deepEqual(["", "5 weeks", "-1s", "s"].map(parseDurationMs), [undefined, undefined, undefined, undefined]);
});

test("back-off doubles from its first delay to its last", () => {
  assert.deepEqual(
    [0, 1, 2, 3, 20].map((failures) => backoffMs(failures)),
    [0, 250, 500, 1_000, 30_000],
  );
});

test("work that does not end in time is given up by name", async () => {
  const never = new Promise<void>(() => {});
  await assert.rejects(within(new SystemClock(), 5, "reading the disk", never), (error: unknown) => {
    return hasCode(error, "TIMED_OUT") && error.message === "reading the disk: not done within 5 ms";
  });
  assert.equal(await within(new SystemClock(), 1_000, "sum", Promise.resolve(3)), 3);
});

test("a log line is one JSON object with its fields and an error without its stack", () => {
  const lines: string[] = [];
  const log = new JsonLog(
    (line) => lines.push(line),
    () => 0,
    "info",
    { zone: "local-1a" },
  );
  log.debug("quiet");
  log.child({ instance: "i-1" }).warn("peer.lost", { error: new PlatformError("PEER_DOWN", "b: is down") });
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    [
      {
        time: "1970-01-01T00:00:00.000Z",
        level: "warn",
        event: "peer.lost",
        zone: "local-1a",
        instance: "i-1",
        error: { code: "PEER_DOWN", message: "b: is down" },
      },
    ],
  );
});

test("ids from outside are checked and undefined options do not erase defaults", () => {
  assert.equal(parseInstanceId("i-00ff"), "i-00ff");
  assert.equal(parseInstanceId("../../etc"), undefined);
  assert.equal(parseInstanceId("x".repeat(129)), undefined);
  const given: { a?: number; b?: number } = { b: 3 };
  assert.deepEqual(withDefaults({ a: 1, b: 2 }, given), { a: 1, b: 3 });
});
