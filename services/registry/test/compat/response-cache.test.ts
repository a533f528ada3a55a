import assert from "node:assert/strict";
import { test } from "node:test";
import { constants, crc32, gunzipSync, inflateRawSync } from "node:zlib";
import type { InstanceId } from "@holdfast/kernel";
import { SeededRandom, silentLog } from "@holdfast/kernel";
import { Registry, type Unstamped } from "@holdfast/registry-server";
import { FakeClock } from "@holdfast/testing";
import {
  decodeApplications,
  type EurekaFormat,
  type EurekaShape,
  encodeApplication,
  encodeApplications,
  hashcodeOf,
} from "@holdfast/wire/eureka";
import fc from "fast-check";
import { combineCrc32, crc32Shift } from "../../src/compat/crc32-combine.ts";
import { GzipJoin, pack } from "../../src/compat/gzip-join.ts";
import { RecentChanges } from "../../src/compat/recent-changes.ts";
import { type CachedBody, type CacheKey, ResponseCache } from "../../src/compat/response-cache.ts";
import { toEureka } from "../../src/compat/to-eureka.ts";
import { recordOf } from "../records.ts";

function unstamped(app: string, id: string, vip = app): Unstamped {
  const { incarnation: _i, version: _v, ...record } = recordOf("i-1");
  return { ...record, app, id: id as InstanceId, metadata: { vip } };
}

function setUp(mode: "fast" | "compat" = "fast"): { clock: FakeClock; registry: Registry; cache: ResponseCache } {
  const clock = new FakeClock();
  const registry = new Registry(clock, new SeededRandom(1), silentLog, { name: "a", peers: [] });
  return { clock, registry, cache: new ResponseCache(clock, registry, toEureka, { mode }) };
}

function textOf(body: CachedBody | undefined): string {
  assert.ok(body !== undefined);
  const plain = Buffer.concat(body.plain);
  assert.equal(plain.length, body.plainBytes);
  const packed = Buffer.concat(body.gzip);
  assert.equal(packed.length, body.gzipBytes);
  assert.ok(gunzipSync(packed).equals(plain), "gzip says the same");
  return plain.toString("utf8");
}

/** On a fake clock no slice is ever over, so that every answer is there at once. */
function at(cache: ResponseCache, key: CacheKey): CachedBody | undefined {
  const body = cache.get(key);
  assert.ok(!(body instanceof Promise));
  return body;
}

/** Each look at the clock takes `lookMs`: of half a millisecond, a slice of two is over after four applications. */
function busyClock(lookMs = 0.5, meanwhile = (): void => {}): { clock: FakeClock; busy: FakeClock } {
  const clock = new FakeClock();
  let looks = 0;
  const busy = new Proxy(clock, {
    get(target, name) {
      if (name === "monotonicMs") return () => target.monotonicMs() + (looks += lookMs);
      if (name === "sleep") queueMicrotask(meanwhile);
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return { clock, busy };
}

const forms = (["json", "xml"] as const).flatMap((format: EurekaFormat) =>
  (["full", "compact"] as const).map((shape: EurekaShape) => ({ format, shape })),
);

test("checksums of parts combine to the checksum of the whole, whatever the lengths", () => {
  const part = fc.uint8Array({ maxLength: 3_000 });
  fc.assert(
    fc.property(part, part, (a, b) => {
      const whole = Buffer.concat([a, b]);
      assert.equal(combineCrc32(crc32(a), crc32(b), crc32Shift(b.length)), crc32(whole));
    }),
    { numRuns: 300, seed: 1 },
  );
});

test("joined pieces are one gzip member that is all of the text", () => {
  const texts = ["", "a", "é中".repeat(500), "<x/>".repeat(9_000), ""];
  const join = new GzipJoin(texts.map((text) => pack(Buffer.from(text))));
  const joined = join.join(() => false);
  assert.ok(joined !== undefined);
  assert.equal(gunzipSync(joined).toString(), texts.join(""));
  // What a decoder that stops after the first member reads is everything, too.
  const body = joined.subarray(10, -8);
  assert.equal(inflateRawSync(body, { finishFlush: constants.Z_FINISH }).toString(), texts.join(""));
});

test("a join that is interrupted again and again is the same in the end", () => {
  const pieces = Array.from({ length: 1_000 }, (_, n) => pack(Buffer.from(`${n} ${"x".repeat(n % 50)}`)));
  const join = new GzipJoin(pieces);
  let turns = 0;
  let joined = join.join(() => true);
  for (; joined === undefined; joined = join.join(() => true)) turns += 1;
  assert.ok(turns >= 7, `${turns}`);
  assert.deepEqual(gunzipSync(joined), Buffer.concat(pieces.map(({ plain }) => plain)));
});

test("after any changes every form is what the codec makes of the registry as a whole", () => {
  const step = fc.record({
    kind: fc.constantFrom("put", "put", "put", "cancel", "override", "clear"),
    app: fc.constantFrom("catalog", "api", "zoo", "a&b"),
    id: fc.nat({ max: 24 }).map((n) => `h${n}`),
    read: fc.integer({ min: 0, max: 9 }).map((n) => n < 2),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const { registry, cache } = setUp();
      for (const { kind, app, id, read } of steps) {
        if (kind === "put") registry.put(unstamped(app, id), "test");
        else if (kind === "cancel") registry.cancel(app, id, "test");
        else if (kind === "override") registry.setOverride(app, id, "OUT_OF_SERVICE", "test", "test");
        else registry.clearOverride(app, id, "test");
        if (!read) continue;
        for (const { format, shape } of forms) {
          const applications = registry.apps().map((name) => {
            return { name: name.toUpperCase(), instances: Array.from(registry.list(name), toEureka) };
          });
          const appsHashcode = hashcodeOf(Array.from(registry.list(), (held) => held.status));
          const expected = encodeApplications({ versionsDelta: "1", appsHashcode, applications }, format, shape);
          assert.equal(textOf(at(cache, { kind: "all", format, shape })), expected);
        }
      }
      cache.close();
    }),
    { numRuns: 40, seed: 7 },
  );
});

test("what has not changed is not made again, and has the same tag; what has, has another", () => {
  const { registry, cache } = setUp();
  registry.put(unstamped("api", "h1"), "test");
  for (const kind of ["all", "delta", "application", "vip"] as const) {
    const key = { kind, name: "api", format: "json", shape: "full" } as const;
    const first = at(cache, key);
    assert.equal(at(cache, key), first, kind);
    registry.setOwnStatus("api", "h1", first?.etag.length === 0 ? "UP" : "DOWN", "test");
    registry.setOwnStatus("api", "h1", "UP", "test");
    assert.notEqual(at(cache, key), first, kind);
  }
  cache.close();
});

test("what stands in a document unchanged is no older than three minutes, renewals and all", async () => {
  const { clock, registry, cache } = setUp();
  for (let i = 0; i < 12; i++) registry.put(unstamped(`app-${i}`, "h1"), "test");
  const key = { kind: "all", format: "json", shape: "full" } as const;
  const renewed = (): number[] =>
    decodeApplications(textOf(at(cache, key)), "json").applications.flatMap((app) =>
      app.instances.map((one) => one.leaseInfo?.lastRenewalTimestamp ?? 0),
    );
  const [first = 0] = renewed();
  let oldestMs = 0;
  for (let second = 0; second < 400; second += 20) {
    await clock.advance(20_000);
    for (let i = 0; i < 12; i++) registry.renew(`app-${i}`, "h1");
    oldestMs = Math.max(oldestMs, ...renewed().map((one) => clock.wallMs() - one));
  }
  assert.ok(Math.min(...renewed()) > first);
  assert.ok(oldestMs <= 200_000, `${oldestMs} ms old`);
  cache.close();
});

test("a read shows every change that was made before it", () => {
  const { registry, cache } = setUp();
  for (let i = 0; i < 30; i++) {
    registry.put(unstamped(`app-${i % 4}`, `h${i}`), "test");
    const all = decodeApplications(textOf(at(cache, { kind: "all", format: "json", shape: "full" })), "json");
    assert.equal(all.applications.flatMap((app) => app.instances).length, i + 1);
    assert.equal(all.appsHashcode, `UP_${i + 1}_`);
  }
  cache.close();
});

test("a delta holds the last word on what changed in three minutes, with the hash of the whole registry", async () => {
  const { clock, registry, cache } = setUp();
  const delta = (): string[] => {
    const text = textOf(at(cache, { kind: "delta", format: "json", shape: "full" }));
    const { applications, appsHashcode } = decodeApplications(text, "json");
    return [
      appsHashcode,
      ...applications.flatMap((app) => app.instances.map((one) => `${one.instanceId} ${one.actionType} ${one.status}`)),
    ];
  };
  registry.put(unstamped("api", "h1"), "test");
  registry.put(unstamped("api", "h2"), "test");
  assert.deepEqual(delta(), ["UP_2_", "h1 ADDED UP", "h2 ADDED UP"]);

  registry.setOwnStatus("api", "h1", "DOWN", "test");
  registry.cancel("api", "h2", "test");
  assert.deepEqual(delta(), ["DOWN_1_", "h1 MODIFIED DOWN", "h2 DELETED UP"]);
  assert.deepEqual(delta(), delta());

  await clock.advance(215_000);
  assert.deepEqual(delta(), ["DOWN_1_"]);
  cache.close();
});

test("a delta of many changes, made of pieces, says what one of few does", async () => {
  const { registry, cache } = setUp();
  for (let i = 0; i < 400; i++) {
    registry.put(unstamped(`app-${i % 30}`, `h${i}`), "test");
    if (i % 7 === 0) registry.setOwnStatus(`app-${i % 30}`, `h${i}`, "DOWN", "test");
    if (i % 11 === 0) registry.cancel(`app-${i % 30}`, `h${i}`, "test");
    if (i % 100 !== 99) continue;
    const text = textOf(await cache.get({ kind: "delta", format: "json", shape: "full" }));
    const { applications, appsHashcode } = decodeApplications(text, "json");
    assert.equal(appsHashcode, hashcodeOf(Array.from(registry.list(), (held) => held.status)));
    const said = applications.flatMap((app) => app.instances.map((one) => `${one.instanceId} ${one.actionType}`));
    const expected = Array.from({ length: i + 1 }, (_, n) => {
      return `h${n} ${n % 11 === 0 ? "DELETED" : n % 7 === 0 ? "MODIFIED" : "ADDED"}`;
    });
    assert.deepEqual(said.sort(), expected.sort());
  }
  cache.close();
});

test("each new delta has the next number, whatever the hash; one that is unchanged keeps its own", () => {
  const { registry, cache } = setUp();
  const numberOf = (kind: "all" | "delta", format: EurekaFormat): string =>
    decodeApplications(textOf(at(cache, { kind, format, shape: "full" })), format).versionsDelta;
  registry.put(unstamped("api", "h1"), "test");
  assert.equal(numberOf("delta", "json"), "1", "Netflix's first, however many changes are in it");
  registry.cancel("api", "h1", "test");
  registry.put(unstamped("api", "h2"), "test");
  assert.equal(numberOf("delta", "xml"), "2");
  assert.equal(numberOf("delta", "json"), "2");
  assert.equal(numberOf("all", "json"), "1");
  cache.close();
});

test("an application of thousands is one document like any other, made in slices, shared, and of one moment", async () => {
  const { clock, registry, cache } = setUp();
  for (let i = 0; i < 2_000; i++) registry.put(unstamped("big", `h${i}`), "test");
  const instances = Array.from(registry.list("big"), toEureka);
  for (const { format, shape } of forms) {
    const key = { kind: "application", name: "big", format, shape } as const;
    const making = cache.get(key);
    assert.ok(making instanceof Promise);
    assert.equal(cache.get(key), making);
    const made = await making;
    assert.ok(made !== undefined && made.plain.length > 10);
    assert.equal(textOf(made), encodeApplication({ name: "BIG", instances }, format, shape));
    assert.equal(at(cache, key), made);
    const served = await cache.get({ kind: "vip", name: "big", format, shape });
    const all = { versionsDelta: "1", appsHashcode: "UP_2000_", applications: [{ name: "BIG", instances }] };
    assert.equal(textOf(served), encodeApplications(all, format, shape));
  }
  const late = cache.get({ kind: "vip", name: "big", format: "json", shape: "full" });
  registry.setOwnStatus("big", "h7", "DOWN", "test");
  await late;
  const next = await cache.get({ kind: "vip", name: "big", format: "json", shape: "full" });
  assert.match(textOf(next), /"apps__hashcode":"DOWN_1_UP_1999_"/);
  await clock.advance(1);
  cache.close();
});

test("an application or an address that nobody serves is none", () => {
  const { registry, cache } = setUp();
  registry.put(unstamped("api", "h1"), "test");
  const get = (kind: CacheKey["kind"], name: string): boolean =>
    at(cache, { kind, name, format: "json", shape: "full" }) !== undefined;
  assert.deepEqual([get("application", "API"), get("application", "other")], [true, false]);
  assert.deepEqual([get("vip", "api"), get("vip", "other"), get("svip", "other")], [true, false, false]);
  registry.cancel("api", "h1", "test");
  assert.deepEqual([get("application", "API"), get("vip", "api")], [false, false]);
  cache.close();
});

test("many who ask at once share what is made, and nothing is made for long at a stretch", async () => {
  const { clock, busy } = busyClock();
  const registry = new Registry(clock, new SeededRandom(1), silentLog, { name: "a", peers: [] });
  for (let i = 0; i < 40; i++) registry.put(unstamped(`app-${i}`, "h1"), "test");
  const cache = new ResponseCache(busy, registry, toEureka, { mode: "fast" });
  const key = { kind: "all", format: "json", shape: "full" } as const;

  const first = cache.get(key);
  assert.ok(first instanceof Promise);
  const second = cache.get(key);
  registry.put(unstamped("late", "h1"), "test");
  await clock.advance(200);

  const [one, two] = await Promise.all([first, second]);
  assert.equal(one, two);
  // It holds what came while it was made: it is of the moment it was finished.
  assert.match(textOf(one), /"name":"LATE"/);
  assert.equal(decodeApplications(textOf(one), "json").appsHashcode, "UP_41_");
  cache.close();
});

test("whoever asks at any time while a document is made gets one that holds every change made before", async () => {
  const bodies: Promise<CachedBody | undefined>[] = [];
  const changes: number[] = [];
  const ask = (): void => {
    const i = bodies.length;
    if (i >= 320 && i % 3 === 0) {
      registry.put(unstamped("late", `h${i}`), "test");
      changes.push(i);
    }
    bodies.push(Promise.resolve(cache.get({ kind: "all", format: "json", shape: "full" })));
  };
  // Between two slices something changes, and somebody asks.
  const { clock, busy } = busyClock(1.5, () => void (bodies.length < 420 && ask()));
  const registry = new Registry(clock, new SeededRandom(1), silentLog, { name: "a", peers: [] });
  for (let i = 0; i < 600; i++) registry.put(unstamped(`app-${i}`, "h1"), "test");
  const cache = new ResponseCache(busy, registry, toEureka, { mode: "fast" });
  while (bodies.length < 420) {
    ask();
    await clock.advance(1);
  }
  await clock.advance(10);
  const texts = new Map<CachedBody | undefined, string>();
  for (const [i, one] of (await Promise.all(bodies)).entries()) {
    const text = texts.get(one) ?? textOf(one);
    texts.set(one, text);
    for (const n of changes) {
      assert.ok(n > i || text.includes(`"instanceId":"h${n}"`), `request ${i} lacks change ${n}`);
    }
  }
  assert.ok(changes.length > 20 && texts.size > 5, `${changes.length} changes, ${texts.size} documents were made`);
  cache.close();
});

test("in compat what was read once is renewed each thirty seconds of the wall clock, as Netflix's read-only cache", async () => {
  const { clock, registry, cache } = setUp("compat");
  const key = { kind: "all", format: "json", shape: "full" } as const;
  const count = (): number => decodeApplications(textOf(at(cache, key)), "json").applications.length;
  registry.put(unstamped("a", "h1"), "test");
  assert.equal(count(), 1);
  registry.put(unstamped("b", "h1"), "test");
  assert.equal(count(), 1);

  const untilAlignedMs = 30_000 - (clock.wallMs() % 30_000);
  await clock.advance(untilAlignedMs - 1);
  assert.equal(count(), 1);
  await clock.advance(1);
  assert.equal(count(), 2);
  cache.close();
});

test("recent changes are forgotten one by one, each three minutes after its own last change", async () => {
  const clock = new FakeClock();
  const registry = new Registry(clock, new SeededRandom(1), silentLog, { name: "a", peers: [] });
  const recent = new RecentChanges(clock, registry, toEureka, () => "");
  const ids = (): string[] => recent.apps().flatMap((app) => [...recent.ids(app)]);
  registry.put(unstamped("a", "h1"), "test");
  await clock.advance(100_000);
  registry.put(unstamped("a", "h2"), "test");
  assert.deepEqual(ids(), ["h1", "h2"]);
  await clock.advance(111_000);
  assert.deepEqual(ids(), ["h2"]);
  await clock.advance(100_000);
  assert.deepEqual(ids(), []);
  recent.close();
});
