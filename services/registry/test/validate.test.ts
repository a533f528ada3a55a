import assert from "node:assert/strict";
import { test } from "node:test";
import { PlatformError } from "@holdfast/kernel";
import type { EurekaInstance } from "@holdfast/wire/eureka";
import { decodeInstance, encodeInstance } from "@holdfast/wire/eureka";
import fc from "fast-check";
import { isUsableApp } from "../src/compat/keys.ts";
import { refusalOf } from "../src/compat/register-check.ts";
import { toRecord } from "../src/compat/to-record.ts";
import { isWanted } from "../src/listener-filter.ts";
import {
  readOverride,
  readRecord,
  readRenew,
  readReplica,
  readReplicate,
  readReplicateAnswer,
  readStatusChange,
} from "../src/validate.ts";
import { instanceOf } from "./compat/instances.ts";
import { idOf, recordOf } from "./records.ts";
import { newTable } from "./tables.ts";

const numRuns = Math.min(Number(process.env["HOLDFAST_FUZZ_CASES"] ?? 2_000), 100_000);

const record = { ...recordOf("i-1"), leaseMs: 9_000, adminPort: 1, eureka: instanceOf("i-1") };
const replicas = [
  { kind: "record", record, ageMs: 1, bornMs: 2, upMs: 3 },
  {
    kind: "removal",
    app: "catalog",
    id: idOf("i-2"),
    incarnation: 1,
    version: 2,
    cause: "stopped",
    ageMs: 1,
    idleMs: 2,
    keepMs: 600_000,
  },
  { kind: "override", app: "catalog", id: idOf("i-3"), status: null, stamp: 7, by: "ops", reason: "r", idleMs: 1 },
];
const probe = { zone: "z", verdict: "dead", detail: "d", at: "2026-01-01T00:00:00.000Z" };
/** Every reader with something that it takes, every field set. */
const readers: readonly (readonly [string, (value: unknown) => unknown, unknown])[] = [
  ["record", (value) => readRecord("record", value), record],
  ["renewal", readRenew, { incarnation: 1, version: 1 }],
  ["status change", readStatusChange, { incarnation: 1, version: 1, status: "UP", awaitSeenMs: 10 }],
  ["override", readOverride, { status: "UP", by: "ops", reason: "r" }],
  [
    "request of a peer",
    readReplicate,
    {
      from: "b",
      zone: "z",
      clockMs: 1.5,
      part: { index: 0, count: 2 },
      digest: 7,
      probe: { app: "catalog", id: "i-1" },
      replicas,
      renewals: [["catalog", "i-1", 1, 1, 5]],
      awaitSeenMs: 0,
      awaitApp: "catalog",
    },
  ],
  [
    "answer of a peer",
    readReplicateAnswer,
    {
      replicas,
      unknown: [["catalog", "i-1"]],
      name: "b",
      zone: "z",
      clockMs: 1.5,
      synced: true,
      size: 3,
      bytes: 1_000,
      agrees: false,
      seen: { listeners: 1, seen: 1, complete: true },
      probe,
    },
  ],
];

const odd = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(-1, 1e300, 0.5, "", "a/b", "a\u0000b", "x".repeat(300), null, true, [], {}, { toString: 1 }),
  fc.constant(JSON.parse('{"__proto__": "x", "constructor": "y"}')),
);

/** Paths to every value inside. */
function pathsOf(value: unknown, at: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...at, key]))];
}

function replaced(value: unknown, path: readonly string[], by: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return by;
  const copy: unknown = Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) };
  const fields = copy as Record<string, unknown>;
  fields[key] = replaced(fields[key], rest, by);
  return copy;
}

/** What is read, or nothing when it is refused as it ought to be. */
function readOrRefuse(read: (value: unknown) => unknown, value: unknown): unknown {
  try {
    return read(value);
  } catch (error) {
    assert.ok(error instanceof PlatformError, String(error));
    assert.deepEqual([error.code, error.status], ["BODY_INVALID", 400]);
    return undefined;
  }
}

for (const [name, read, valid] of readers) {
  test(`${name}: with every field set it is taken as it is`, () => {
    assert.deepEqual(read(JSON.parse(JSON.stringify(valid))), valid);
  });

  test(`${name}: whatever stands where in it, it is taken or refused with 400, and what was taken is taken again`, () => {
    const paths = fc.constantFrom(...pathsOf(valid));
    fc.assert(
      fc.property(fc.array(fc.tuple(paths, odd), { minLength: 1, maxLength: 3 }), (changes) => {
        const value = changes.reduce((given: unknown, [path, by]) => {
          try {
            return replaced(given, path, by);
          } catch {
            return given;
          }
        }, valid);
        const taken = readOrRefuse(read, value);
        if (taken === undefined) return;
        // What was left out is only told, not sent.
        const { unread: _told, ...sent } = taken as { readonly unread?: unknown };
        assert.deepEqual(read(JSON.parse(JSON.stringify(sent))), sent);
      }),
      { numRuns: Math.ceil(numRuns / readers.length) },
    );
  });

  test(`${name}: any other JSON is taken or refused with 400`, () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => void readOrRefuse(read, value)),
      { numRuns: Math.ceil(numRuns / readers.length) },
    );
  });
}

test("whatever a peer says that is taken can be kept, shown, filtered, told on and written for Eureka's clients", () => {
  const paths = fc.constantFrom(...replicas.flatMap((one, i) => pathsOf(one).map((path) => [i, path] as const)));
  fc.assert(
    fc.property(fc.array(fc.tuple(paths, odd), { maxLength: 6 }), (changes) => {
      const { table } = newTable();
      for (const [[index, path], by] of changes) {
        const taken = readOrRefuse((value) => readReplica("replica", value), replaced(replicas[index], path, by));
        if (taken === undefined) continue;
        const answer = table.merge(taken as Parameters<typeof table.merge>[0], 1_000, "b");
        if (answer !== undefined) readReplica("replica", JSON.parse(JSON.stringify(answer)));
      }
      for (const replica of table.replicas(1_000)) readReplica("replica", JSON.parse(JSON.stringify(replica)));
      for (const one of table.records()) {
        isWanted({ vips: new Set(["api.vip"]) }, one);
        if (one.eureka === undefined) continue;
        for (const format of ["json", "xml"] as const) encodeInstance(one.eureka, format, "full");
      }
      assert.ok(Number.isFinite(table.weight.bytes) && Number.isInteger(table.digest));
    }),
    { numRuns },
  );
});

const dataCenters = [
  "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo",
  "com.netflix.appinfo.AmazonInfo",
] as const;

test("what Eureka's door takes every peer takes, too: no instance can break a link", () => {
  const word = fc.oneof(fc.string({ maxLength: 40 }), fc.string({ unit: "binary", maxLength: 300 }));
  const map = fc.dictionary(word, word, { maxKeys: 80 });
  const instances = fc.record(
    {
      instanceId: word,
      hostName: word,
      app: word,
      ipAddr: word,
      vipAddress: word,
      asgName: word,
      homePageUrl: word,
      port: fc.record({ $: fc.integer({ min: -1, max: 65_600 }), "@enabled": fc.boolean() }),
      securePort: fc.record({ $: fc.integer({ min: -1, max: 70_000 }), "@enabled": fc.boolean() }),
      status: word,
      metadata: map,
      countryId: fc.integer(),
      // Others than these are refused, as Netflix's Java readers would refuse them.
      dataCenterInfo: fc.record({
        "@class": fc.constantFrom(...dataCenters),
        name: fc.constantFrom("MyOwn", "Amazon"),
        metadata: map,
      }),
      leaseInfo: fc.record({ durationInSecs: fc.integer(), renewalIntervalInSecs: fc.integer() }),
      lastDirtyTimestamp: fc.integer(),
    },
    { requiredKeys: [] },
  );
  let taken = 0;
  fc.assert(
    fc.property(instances, (given) => {
      let instance: EurekaInstance;
      try {
        instance = decodeInstance(JSON.stringify({ instance: given }), "json");
      } catch (error) {
        assert.ok(error instanceof PlatformError && error.status === 400);
        return;
      }
      if (!isUsableApp(instance.app) || refusalOf(instance.app, instance) !== undefined) return;
      taken += 1;
      const unstamped = toRecord(instance, instance.status, { profile: "compat", region: "r", zone: "z" });
      const sent = { ...unstamped, incarnation: 0, version: 1 };
      assert.deepEqual(readRecord("record", JSON.parse(JSON.stringify(sent))), JSON.parse(JSON.stringify(sent)));
    }),
    { numRuns: Math.ceil(numRuns / 2) },
  );
  assert.ok(taken > numRuns / 500, `only ${taken} were instances at all`);
});
