import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeApplications } from "@holdfast/wire/eureka";
import { EurekaMerge } from "../../src/compat/eureka-merge.ts";

/** As Eureka's own codec (LegacyJacksonJson) writes it, shortened; and as its older one (XStream) did: no lists, all texts. */
const recorded = [
  '{"applications":{"versions__delta":"1","apps__hashcode":"UP_1_","application":[{"name":"API","instance":[{"instanceId":"i-0001","hostName":"i-0001.host","app":"API","ipAddr":"127.0.1.10","status":"UP","overriddenStatus":"UNKNOWN","port":{"$":7001,"@enabled":"true"},"securePort":{"$":7002,"@enabled":"true"},"countryId":1,"dataCenterInfo":{"@class":"com.netflix.appinfo.AmazonInfo","name":"Amazon","metadata":{"instance-id":"i-0001","availability-zone":"us-east-1c"}},"leaseInfo":{"renewalIntervalInSecs":30,"durationInSecs":90,"registrationTimestamp":1700000000000,"lastRenewalTimestamp":1700000090000,"evictionTimestamp":0,"serviceUpTimestamp":1700000000001},"metadata":{"k1":"v1"},"vipAddress":"api","isCoordinatingDiscoveryServer":"false","lastUpdatedTimestamp":"1700000000123","lastDirtyTimestamp":"1700000000456","actionType":"ADDED","asgName":"API-v001"}]}]}}',
  '{"applications":{"versions__delta":1,"apps__hashcode":"UP_1_","application":{"name":"api","instance":{"hostName":"i-0001.host","app":"api","ipAddr":"127.0.1.10","status":"UP","overriddenstatus":"UNKNOWN","port":{"@enabled":true,"$":"7001"},"securePort":{"@enabled":"false","$":"7002"},"dataCenterInfo":{"@class":"com.netflix.appinfo.AmazonInfo","name":"Amazon","metadata":{"instance-id":"i-0001","availability-zone":"us-east-1c"}},"leaseInfo":{"durationInSecs":"90"},"metadata":{"k1":"v1"},"asgName":"API-v001","more":{"a":[1]}}}}}',
];

test("what an Eureka server writes is read, in its own way of writing and its older one", () => {
  for (const text of recorded) {
    const merge = new EurekaMerge();
    const applications = decodeApplications(text, "json");
    merge.takeFull(applications, 0);

    assert.equal(merge.hashcode, applications.appsHashcode);
    const { eureka, ...record } = merge.records()[0] ?? assert.fail("no record");
    assert.deepEqual(record, {
      app: "api",
      id: "i-0001",
      incarnation: 0,
      version: 0,
      status: "UP",
      region: "us-east-1",
      zone: "us-east-1c",
      address: "127.0.1.10",
      port: 7_001,
      application: "API",
      cluster: "API",
      serverGroup: "API-v001",
      verifiesIdentity: false,
      metadata: { k1: "v1" },
      leaseMs: 90_000,
    });
    assert.equal(eureka?.hostName, "i-0001.host");
  }
});

test("an empty registry is one without applications", () => {
  const merge = new EurekaMerge();
  const empty = '{"applications":{"versions__delta":"1","apps__hashcode":"","application":[]}}';
  merge.takeFull(decodeApplications(empty, "json"), 0);
  assert.equal(merge.size, 0);
  assert.equal(merge.hashcode, "");
});
