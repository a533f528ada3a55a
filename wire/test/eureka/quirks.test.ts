import assert from "node:assert/strict";
import { test } from "node:test";
import {
  decodeApplications,
  decodeInstance,
  decodeReplicationAnswers,
  decodeReplicationList,
  encodeInstance,
  encodeReplicationAnswers,
  encodeReplicationList,
  eurekaIdOf,
  hashcodeOf,
} from "@holdfast/wire/eureka";

const minimal = { hostName: "h", app: "api", ipAddr: "10.0.0.1" };
const json = (more: object): string => JSON.stringify({ instance: { ...minimal, ...more } });
const xml = (more: string): string => `<instance><hostName>h</hostName><app>api</app>${more}</instance>`;

test("an app's name is upper case, whatever was sent", () => {
  assert.equal(decodeInstance(json({}), "json").app, "API");
});

test("what is missing has Eureka's defaults: UP, 7001 enabled, 7002 disabled, country 1", () => {
  const one = decodeInstance(json({}), "json");
  assert.deepEqual([one.status, one.overriddenStatus, one.countryId], ["UP", "UNKNOWN", 1]);
  assert.deepEqual(
    [one.port, one.securePort],
    [
      { port: 7_001, enabled: true },
      { port: 7_002, enabled: false },
    ],
  );
});

test("ports are read as numbers, texts and bare values, and enabled as text or boolean", () => {
  for (const [port, expected] of [
    [
      { $: 80, "@enabled": "true" },
      { port: 80, enabled: true },
    ],
    [
      { $: "80", "@enabled": false },
      { port: 80, enabled: false },
    ],
    [{ $: 80 }, { port: 80, enabled: true }],
    [8080, { port: 8_080, enabled: true }],
  ] as const) {
    assert.deepEqual(decodeInstance(json({ port }), "json").port, expected);
  }
});

test("either spelling of overriddenStatus is read in both formats; JSON writes one and XML the other", () => {
  for (const name of ["overriddenStatus", "overriddenstatus"]) {
    assert.equal(decodeInstance(json({ [name]: "DOWN" }), "json").overriddenStatus, "DOWN");
    assert.equal(decodeInstance(xml(`<${name}>DOWN</${name}>`), "xml").overriddenStatus, "DOWN");
  }
  const one = decodeInstance(json({ overriddenStatus: "DOWN" }), "json");
  assert.match(encodeInstance(one, "json", "full"), /"overriddenStatus":"DOWN"/);
  assert.match(encodeInstance(one, "xml", "full"), /<overriddenstatus>DOWN<\/overriddenstatus>/);
});

test("an unknown status is UNKNOWN, an unknown action is none, unknown fields are ignored", () => {
  const one = decodeInstance(json({ status: "SLEEPING", actionType: "PAINTED", future: { a: 1 } }), "json");
  assert.deepEqual([one.status, one.actionType], ["UNKNOWN", undefined]);
});

test("XStream's names are undone: underscores, dollars and what may not be in a name", () => {
  const metadata = { snake_key: "1", dollar$key: "2", "with space": "3", "1digit": "4", "slash/é": "5" };
  const text = encodeInstance(decodeInstance(json({ metadata }), "json"), "xml", "full");
  assert.match(text, /<snake__key>1<\/snake__key>/);
  assert.match(text, /<dollar_-key>2<\/dollar_-key>/);
  assert.deepEqual({ ...decodeInstance(text, "xml").metadata }, metadata);
});

test("metadata may have keys that mean something elsewhere", () => {
  const metadata = JSON.parse('{"instance":"1","application":"2","constructor":"3","__proto__":"4","@x":"5"}');
  const one = decodeInstance(JSON.stringify({ instance: { ...minimal, metadata } }), "json");
  assert.deepEqual(Object.keys(one.metadata), ["instance", "application", "constructor", "__proto__", "@x"]);
  assert.deepEqual(
    Object.entries(decodeInstance(encodeInstance(one, "xml", "full"), "xml").metadata),
    Object.entries(one.metadata),
  );
  assert.equal(Object.getPrototypeOf(one.metadata), Object.prototype);
});

test("empty metadata is written as Java's empty map and read as empty", () => {
  const one = decodeInstance(json({ metadata: { "@class": "java.util.Collections$EmptyMap" } }), "json");
  assert.deepEqual(one.metadata, {});
  assert.match(encodeInstance(one, "json", "full"), /"metadata":\{"@class":"java\.util\.Collections\$EmptyMap"\}/);
  assert.match(encodeInstance(one, "xml", "full"), /<metadata class="java\.util\.Collections\$EmptyMap"\/>/);
});

test("a sid of na or unknown is not written", () => {
  for (const sid of ["na", "unknown"])
    assert.doesNotMatch(encodeInstance(decodeInstance(json({ sid }), "json"), "json", "full"), /sid/);
  assert.match(
    encodeInstance(decodeInstance(json({ sid: "s1" }), "json"), "json", "full"),
    /"ipAddr":"10.0.0.1","sid":"s1"/,
  );
});

test("a single object stands for a list of one, as old servers wrote it", () => {
  const text = JSON.stringify({
    applications: { versions__delta: 1, application: { name: "api", instance: minimal } },
  });
  const all = decodeApplications(text, "json");
  assert.deepEqual(
    [all.versionsDelta, all.applications[0]?.name, all.applications[0]?.instances[0]?.hostName],
    ["1", "API", "h"],
  );
});

test("numbers in quotes are numbers, and timestamps and booleans are written as texts", () => {
  const one = decodeInstance(json({ countryId: "7", lastDirtyTimestamp: "12", lastUpdatedTimestamp: 13 }), "json");
  assert.deepEqual([one.countryId, one.lastDirtyTimestamp, one.lastUpdatedTimestamp], [7, 12, 13]);
  assert.match(
    encodeInstance(one, "json", "full"),
    /"isCoordinatingDiscoveryServer":"false","lastUpdatedTimestamp":"13","lastDirtyTimestamp":"12"/,
  );
});

test("a wrapper around the instance is not needed", () => {
  assert.deepEqual(decodeInstance(JSON.stringify(minimal), "json"), decodeInstance(json({}), "json"));
});

test("an instance's id is its own, else Amazon's, else its host", () => {
  const amazon = { name: "Amazon", metadata: { "instance-id": "i-1" } };
  assert.equal(eurekaIdOf(decodeInstance(json({ instanceId: "x", dataCenterInfo: amazon }), "json")), "x");
  assert.equal(eurekaIdOf(decodeInstance(json({ dataCenterInfo: amazon }), "json")), "i-1");
  assert.equal(eurekaIdOf(decodeInstance(json({}), "json")), "h");
});

test("the hash counts each status by name, and is empty for nobody", () => {
  assert.equal(
    hashcodeOf(["UP", "DOWN", "UP", "STARTING", "OUT_OF_SERVICE"]),
    "DOWN_1_OUT_OF_SERVICE_1_STARTING_1_UP_2_",
  );
  assert.equal(hashcodeOf([]), "");
});

test("replication lists and answers come back as they went", () => {
  const instanceInfo = decodeInstance(json({ instanceId: "x" }), "json");
  const items = [
    {
      appName: "API",
      id: "x",
      action: "Register",
      lastDirtyTimestamp: 5,
      status: "UP",
      overriddenStatus: "UNKNOWN",
      instanceInfo,
    },
    { appName: "API", id: "y", action: "Cancel" },
  ] as const;
  assert.deepEqual(decodeReplicationList(encodeReplicationList(items)), items);
  const answers = [{ statusCode: 404 }, { statusCode: 409, responseEntity: instanceInfo }];
  assert.deepEqual(decodeReplicationAnswers(encodeReplicationAnswers(answers)), answers);
});

test("what cannot be read is refused with 400 and the place", () => {
  const refusals: readonly (readonly [() => unknown, RegExp])[] = [
    [() => decodeInstance("{", "json"), /not JSON/],
    [() => decodeInstance("[]", "json"), /instance: must be an object/],
    [() => decodeInstance(json({ port: { $: 99_999 } }), "json"), /instance\.port: 99999 is not a port/],
    [() => decodeInstance(json({ countryId: "x" }), "json"), /instance\.countryId: x is not a number/],
    [() => decodeInstance("<instance><hostName>h</instance>", "xml"), /not XML/],
    [() => decodeInstance("<other/>", "xml"), /must be <instance>, got <other>/],
    [() => decodeInstance("", "xml"), /not XML/],
    [() => decodeInstance(`${"[".repeat(50)}`, "json"), /nested deeper than 32/],
    [() => decodeInstance(`<instance>${"<a>".repeat(40)}`, "xml"), /nested deeper than 32/],
    [
      () => decodeInstance(`<instance ${Array.from({ length: 50 }, (_, i) => `a${i}=""`).join(" ")}/>`, "xml"),
      /more than 16 attributes/,
    ],
    [() => decodeInstance(`<instance><${"n".repeat(5_000)}/></instance>`, "xml"), /longer than 1024/],
    [() => decodeInstance(json({ homePageUrl: "x".repeat(20_000) }), "json"), /homePageUrl: is longer/],
    [() => decodeInstance('<!DOCTYPE x [<!ENTITY a "b">]><instance>&a;</instance>', "xml"), /DOCTYPE/],
    [
      () => decodeReplicationList('{"replicationList":[{"appName":"A","id":"x","action":"Paint"}]}'),
      /replicationList\.0\.action/,
    ],
  ];
  for (const [run, words] of refusals) assert.throws(run, { code: "BODY_INVALID", status: 400, message: words });
});

test("a data center is one that Netflix's Java readers take, whatever was sent; one with another name is refused", () => {
  const amazon = "com.netflix.appinfo.AmazonInfo";
  const plain = "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo";
  const read = (dataCenterInfo: object): unknown => decodeInstance(json({ dataCenterInfo }), "json").dataCenterInfo;
  // As fargo sends it.
  assert.deepEqual(read({ "@class": plain, name: "MyOwn", metadata: {} }), { class: plain, name: "MyOwn" });
  assert.deepEqual(read({ "@class": plain, name: "MyOwn", metadata: { a: "b" } }), { class: plain, name: "MyOwn" });
  assert.deepEqual(read({ "@class": "com.acme.Center", name: "MyOwn" }), { class: plain, name: "MyOwn" });
  const mine = "com.netflix.appinfo.MyDataCenterInfo";
  assert.deepEqual(read({ "@class": mine, name: "Netflix" }), { class: mine, name: "Netflix" });
  const metadata = { "instance-id": "i-1" };
  assert.deepEqual(read({ "@class": plain, name: "Amazon", metadata }), { class: amazon, name: "Amazon", metadata });
  assert.throws(
    () => read({ "@class": plain, name: "Elsewhere" }),
    /dataCenterInfo\.name: must be Netflix, Amazon or MyOwn/,
  );
});

test("what is an int in Java is refused when it is none", () => {
  assert.throws(() => decodeInstance(json({ countryId: 99_999_999_999 }), "json"), /countryId: 99999999999 is out of/);
  for (const name of ["renewalIntervalInSecs", "durationInSecs"]) {
    const leaseInfo = { [name]: 2 ** 31 };
    assert.throws(() => decodeInstance(json({ leaseInfo }), "json"), /is out of the range of int/);
  }
  assert.equal(decodeInstance(json({ countryId: 2 ** 31 - 1 }), "json").countryId, 2 ** 31 - 1);
});
