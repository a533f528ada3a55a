import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { PlatformError } from "@holdfast/kernel";
import { instanceStatuses } from "@holdfast/wire";
import {
  decodeApplications,
  decodeInstance,
  decodeReplicationList,
  type EurekaFormat,
  type EurekaInstance,
  encodeApplications,
  encodeInstance,
} from "@holdfast/wire/eureka";
import fc from "fast-check";

/** 2,000 in `npm test`; 100,000 in the bench profile: `HOLDFAST_FUZZ_CASES=100000`. */
const numRuns = Number(process.env["HOLDFAST_FUZZ_CASES"] ?? 2_000);
const seed = Number(process.env["HOLDFAST_FUZZ_SEED"] ?? 20_261_123);
const golden = readdirSync(join(import.meta.dirname, "golden")).map((file) => {
  return readFileSync(join(import.meta.dirname, "golden", file), "utf8");
});

/** Reads, or refuses with 400 and a reason; anything else is a crash. */
function readsOrRefuses(text: string): void {
  const decoders: readonly (() => unknown)[] = [
    ...(["json", "xml"] as const).flatMap((format: EurekaFormat) => [
      () => decodeInstance(text, format),
      () => decodeApplications(text, format),
    ]),
    () => decodeReplicationList(text),
  ];
  for (const decode of decoders) {
    try {
      decode();
    } catch (error) {
      assert.ok(error instanceof PlatformError, String(error));
      assert.equal(error.status, 400);
      assert.ok(error.message.length > 5 && error.message.length < 1_000, error.message.slice(0, 200));
    }
  }
}

test("any text is read or refused with a reason", () => {
  const texts = fc.oneof(
    fc.string({ unit: "binary", maxLength: 200 }),
    fc.json({ maxDepth: 8 }),
    fc
      .array(fc.constantFrom("<", ">", "/", "instance", "a", '="', "&", ";", "<!--", "]]>", "<![CDATA[", "\0", "é"), {
        maxLength: 60,
      })
      .map((parts) => parts.join("")),
  );
  fc.assert(fc.property(texts, readsOrRefuses), { numRuns, seed });
});

test("golden payloads with bytes changed, cut and doubled are read or refused", () => {
  const mutation = fc.record({
    text: fc.constantFrom(...golden),
    at: fc.nat(10_000),
    length: fc.nat(40),
    insert: fc.oneof(
      fc.string({ maxLength: 8 }),
      fc.constantFrom("<", '"', "}", "<instance>", ":{", "null", "[", "&#0;"),
    ),
  });
  fc.assert(
    fc.property(mutation, ({ text, at, length, insert }) => {
      const place = at % text.length;
      readsOrRefuses(text.slice(0, place) + insert + text.slice(place + length));
    }),
    { numRuns: Math.ceil(numRuns / 4), seed },
  );
});

test("JSON of the right names and the wrong values is read or refused", () => {
  const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom("", "true", "7001", -1, 1e308, null, [], {}));
  const names = [
    "instanceId",
    "hostName",
    "app",
    "ipAddr",
    "status",
    "port",
    "securePort",
    "dataCenterInfo",
    "leaseInfo",
    "metadata",
    "countryId",
    "lastDirtyTimestamp",
    "action",
    "appName",
    "id",
  ];
  const instance = fc.dictionary(fc.constantFrom(...names), value);
  fc.assert(
    fc.property(instance, fc.boolean(), (one, wrapped) => {
      readsOrRefuses(JSON.stringify(wrapped ? { instance: one } : one));
      readsOrRefuses(JSON.stringify({ replicationList: [{ ...one, instanceInfo: one }] }));
    }),
    { numRuns: Math.ceil(numRuns / 2), seed },
  );
});

/** Texts that XML 1.0 can hold; carriage returns come back because they are written as references. */
const word = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
  .map((text) => text.toWellFormed().replaceAll(/[\p{Cc}\uFFFE\uFFFF]/gu, "_"));
const port = fc.record({ port: fc.nat(65_535), enabled: fc.boolean() });
const timestamp = fc.nat(2_000_000_000);
const map = fc.dictionary(word, word, { maxKeys: 6 });
const records: fc.Arbitrary<EurekaInstance> = fc.record(
  {
    instanceId: word,
    hostName: word,
    app: word.map((text) => text.toUpperCase()),
    appGroupName: word,
    ipAddr: word,
    port,
    securePort: port,
    homePageUrl: word,
    vipAddress: word,
    countryId: fc.nat(300),
    dataCenterInfo: fc.oneof(
      fc.record({ class: fc.constant("com.netflix.appinfo.AmazonInfo"), name: fc.constant("Amazon"), metadata: map }),
      fc.record({
        class: fc.constant("com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo"),
        name: fc.constant("MyOwn"),
      }),
    ),
    status: fc.constantFrom(...instanceStatuses),
    overriddenStatus: fc.constantFrom(...instanceStatuses),
    leaseInfo: fc.record({
      renewalIntervalInSecs: fc.nat(100),
      durationInSecs: fc.nat(300),
      registrationTimestamp: timestamp,
      lastRenewalTimestamp: timestamp,
      evictionTimestamp: timestamp,
      serviceUpTimestamp: timestamp,
    }),
    isCoordinatingDiscoveryServer: fc.boolean(),
    metadata: map,
    lastUpdatedTimestamp: timestamp,
    lastDirtyTimestamp: timestamp,
    actionType: fc.constantFrom("ADDED", "MODIFIED", "DELETED"),
    asgName: word,
  },
  {
    requiredKeys: [
      "hostName",
      "app",
      "ipAddr",
      "port",
      "securePort",
      "countryId",
      "status",
      "overriddenStatus",
      "isCoordinatingDiscoveryServer",
      "metadata",
      "lastUpdatedTimestamp",
    ],
  },
);

/** With the prototype of any object, which fast-check leaves away. */
const instances = records.map((one) => JSON.parse(JSON.stringify(one)) as EurekaInstance);

test("any instance comes back from JSON and from XML as it went", () => {
  fc.assert(
    fc.property(instances, (one) => {
      assert.deepEqual(decodeInstance(encodeInstance(one, "json", "full"), "json"), one);
      assert.deepEqual(decodeInstance(encodeInstance(one, "xml", "full"), "xml"), one);
    }),
    { numRuns: Math.ceil(numRuns / 2), seed },
  );
});

test("any registry comes back from JSON and from XML as it went", () => {
  const applications = fc.array(
    fc.record({ name: word.map((text) => text.toUpperCase()), instances: fc.array(instances, { maxLength: 3 }) }),
    { maxLength: 3 },
  );
  fc.assert(
    fc.property(applications, (all) => {
      const content = JSON.parse(JSON.stringify({ versionsDelta: "1", appsHashcode: "UP_1_", applications: all }));
      assert.deepEqual(decodeApplications(encodeApplications(content, "json", "full"), "json"), content);
      assert.deepEqual(decodeApplications(encodeApplications(content, "xml", "full"), "xml"), content);
    }),
    { numRuns: Math.ceil(numRuns / 10), seed },
  );
});
