import assert from "node:assert/strict";
import { test } from "node:test";
import { groupNameOf } from "../../src/compat/frigga.ts";
import { appKey, idKey, isUsableApp } from "../../src/compat/keys.ts";
import type { Held } from "../../src/compat/store.ts";
import { toEureka } from "../../src/compat/to-eureka.ts";
import { type RecordDefaults, toRecord } from "../../src/compat/to-record.ts";
import { recordOf } from "../records.ts";
import { instanceOf } from "./instances.ts";

const defaults: RecordDefaults = { profile: "fast", region: "local-1", zone: "local-1a" };

function heldOf(record: Held["record"], fields: Partial<Held> = {}): Held {
  const status = record.status;
  const times = { registeredAtMs: 1_000.7, renewedAtMs: 2_000, updatedAtMs: 3_000, upAtMs: 1_500 };
  return { record, status, override: undefined, action: "ADDED", ...times, leaseMs: 9_000, ...fields };
}

test("a client's instance becomes a record: lower case app, its own id, address, port and lease", () => {
  const instance = instanceOf("host:api:7001");
  const record = toRecord(instance, "UP", defaults);
  assert.equal(record.app, "api");
  assert.equal(record.id, "host:api:7001");
  assert.deepEqual([record.address, record.port, record.leaseMs], ["10.0.0.1", 7001, 90_000]);
  assert.deepEqual([record.application, record.cluster, record.serverGroup], ["api", "api", "api"]);
  assert.equal(record.verifiesIdentity, false);
  assert.equal(record.eureka, instance);
});

test("profile compat doubles the lease, as Netflix's arithmetic does; nonsense gets Eureka's default", () => {
  const lease = instanceOf("i").leaseInfo ?? assert.fail();
  const leaseOf = (durationInSecs: number, profile: "fast" | "compat"): unknown =>
    toRecord(instanceOf("i", { leaseInfo: { ...lease, durationInSecs } }), "UP", { ...defaults, profile }).leaseMs;
  assert.deepEqual(
    [leaseOf(10, "fast"), leaseOf(10, "compat"), leaseOf(0, "fast"), leaseOf(-1, "compat"), leaseOf(1e9, "fast")],
    [10_000, 20_000, 90_000, 180_000, 86_400_000],
  );
});

test("the secure port counts only when it is the one that is enabled", () => {
  const ports = (port: boolean, securePort: boolean): number =>
    toRecord(
      instanceOf("i", { port: { port: 1, enabled: port }, securePort: { port: 2, enabled: securePort } }),
      "UP",
      defaults,
    ).port;
  assert.deepEqual([ports(true, true), ports(true, false), ports(false, true), ports(false, false)], [1, 1, 2, 1]);
});

test("zone and region: Amazon's word, then metadata, then a loopback address of ours, then the server's", () => {
  const amazon = {
    class: "com.netflix.appinfo.AmazonInfo",
    name: "Amazon",
    metadata: { "availability-zone": "us-east-1c" },
  };
  const placeOf = (fields: Parameters<typeof instanceOf>[1]): string => {
    const { region, zone } = toRecord(instanceOf("i", fields), "UP", defaults);
    return `${region}/${zone}`;
  };
  assert.equal(
    placeOf({ dataCenterInfo: amazon, metadata: { zone: "z" }, ipAddr: "127.1.2.10" }),
    "us-east-1/us-east-1c",
  );
  assert.equal(placeOf({ metadata: { zone: "z9", region: "r9" }, ipAddr: "127.1.2.10" }), "r9/z9");
  assert.equal(placeOf({ metadata: { zone: "local-2b" } }), "local-2/local-2b");
  assert.equal(placeOf({ ipAddr: "127.1.2.10" }), "local-1/local-1b");
  assert.equal(placeOf({ ipAddr: "192.168.0.4" }), "local-1/local-1a");
});

test("the name of an auto scaling group says application and cluster", () => {
  assert.deepEqual(groupNameOf("API-test-v012"), {
    application: "API",
    cluster: "API-test",
    serverGroup: "API-test-v012",
  });
  assert.deepEqual(groupNameOf("API"), { application: "API", cluster: "API", serverGroup: "API" });
  assert.deepEqual(groupNameOf("API-v1"), { application: "API", cluster: "API-v1", serverGroup: "API-v1" });
  assert.equal(toRecord(instanceOf("i", { asgName: "API-v001" }), "UP", defaults).serverGroup, "API-v001");
});

test("what the registry's own API would refuse is left out of the record and kept in the client's account", () => {
  const metadata = Object.fromEntries([
    ["empty", ""],
    ["long", "x".repeat(5_000)],
    ["__proto__", "harmless"],
    ...Array.from({ length: 100 }, (_, i) => [`k${i}`, "v"]),
  ]);
  const record = toRecord(instanceOf("i", { metadata, hostName: "h", ipAddr: "a".repeat(300) }), "UP", defaults);
  assert.equal(Object.keys(record.metadata).length, 64);
  assert.deepEqual(Object.entries(record.metadata)[0], ["__proto__", "harmless"]);
  assert.equal(record.address.length, 256);
  assert.equal(Object.keys(record.eureka?.metadata ?? {}).length, 103);
});

test("any text is an id, and two texts never the same one", () => {
  assert.equal(idKey("Küche pc:api:80"), "Küche pc:api:80");
  assert.match(idKey("a\u0000b"), /^e-[0-9a-f]{32}$/);
  assert.notEqual(idKey("a\u0000b"), idKey("a\u0001b"));
  assert.match(idKey("x".repeat(300)), /^e-[0-9a-f]{32}$/);
  assert.equal(appKey("STRASSE"), appKey("straße"));
  assert.deepEqual(
    [isUsableApp("MY APP"), isUsableApp("A/B"), isUsableApp("A\nB"), isUsableApp("x".repeat(300))],
    [true, false, false, false],
  );
});

test("what our own client wrote into Eureka's metadata is taken from there again", () => {
  const metadata = { "management.port": "9001", "holdfast.verifies-identity": "true" };
  const told = toRecord(instanceOf("i-1", { metadata }), "UP", defaults);
  assert.deepEqual([told.adminPort, told.verifiesIdentity], [9_001, true]);
  const odd = { "management.port": "-1", "holdfast.verifies-identity": "yes" };
  const untold = toRecord(instanceOf("i-1", { metadata: odd }), "UP", defaults);
  assert.deepEqual([untold.adminPort, untold.verifiesIdentity], [undefined, false]);
});

test("Eureka's clients see an instance of ours as one of theirs, and where it is in its metadata", () => {
  const shown = toEureka(
    heldOf(recordOf("i-1", { metadata: { color: "blue" } }), { override: "DOWN", status: "DOWN" }),
  );
  const record = recordOf("i-1");
  assert.equal(shown.instanceId, "i-1");
  assert.equal(shown.app, record.app.toUpperCase());
  assert.deepEqual(
    [shown.hostName, shown.ipAddr, shown.port],
    [record.address, record.address, { port: record.port, enabled: true }],
  );
  assert.equal(shown.vipAddress, record.app);
  assert.deepEqual([shown.status, shown.overriddenStatus], ["DOWN", "DOWN"]);
  assert.deepEqual(shown.metadata, {
    color: "blue",
    zone: record.zone,
    region: record.region,
    serverGroup: record.serverGroup,
    "holdfast.application": record.application,
    "holdfast.cluster": record.cluster,
    "holdfast.incarnation": String(record.incarnation),
    "holdfast.verifies-identity": String(record.verifiesIdentity),
    "holdfast.version": String(record.version),
  });
  assert.deepEqual(shown.leaseInfo, {
    renewalIntervalInSecs: 3,
    durationInSecs: 9,
    registrationTimestamp: 1_000,
    lastRenewalTimestamp: 2_000,
    evictionTimestamp: 0,
    serviceUpTimestamp: 1_500,
  });
  assert.equal(shown.lastDirtyTimestamp, record.incarnation + record.version);
});

test("a client's account comes back whole, with the status and times of the registry", () => {
  const instance = instanceOf("i-1", { metadata: { a: "" }, asgName: "API-v001", status: "UP" });
  const record = { ...toRecord(instance, "UP", defaults), incarnation: 0, version: 5_000_000 };
  const shown = toEureka(heldOf(record, { status: "OUT_OF_SERVICE", override: "OUT_OF_SERVICE", action: "MODIFIED" }));
  assert.deepEqual(shown, {
    ...instance,
    status: "OUT_OF_SERVICE",
    overriddenStatus: "OUT_OF_SERVICE",
    leaseInfo: {
      ...instance.leaseInfo,
      registrationTimestamp: 1_000,
      lastRenewalTimestamp: 2_000,
      serviceUpTimestamp: 1_500,
    },
    lastUpdatedTimestamp: 3_000,
    actionType: "MODIFIED",
  });
});

test("a client that states no lastDirtyTimestamp is given one that grows with its accounts and is the same at all peers", () => {
  const { lastDirtyTimestamp: _, ...instance } = instanceOf("i-1");
  const record = { ...toRecord(instance, "UP", defaults), incarnation: 0, version: 1_700_000_000_123_456 };
  assert.equal(toEureka(heldOf(record)).lastDirtyTimestamp, 1_700_000_000_123);
  assert.equal(toEureka(heldOf(record, { updatedAtMs: 9_999_999 })).lastDirtyTimestamp, 1_700_000_000_123);
});
