import assert from "node:assert/strict";
import { test } from "node:test";
import type { EurekaInstance } from "@holdfast/wire/eureka";
import { fromEureka } from "../../src/compat/from-eureka.ts";
import { toEureka } from "../../src/compat/to-eureka.ts";
import { recordOf } from "../fake-registry.ts";

/** What a Spring Cloud application registers. */
function springApp(more: Partial<EurekaInstance> = {}): EurekaInstance {
  return {
    instanceId: "host-7:orders:8080",
    hostName: "host-7.example.org",
    app: "ORDERS",
    ipAddr: "10.1.2.3",
    port: { port: 8_080, enabled: true },
    securePort: { port: 443, enabled: false },
    vipAddress: "orders",
    countryId: 1,
    status: "UP",
    overriddenStatus: "UNKNOWN",
    isCoordinatingDiscoveryServer: false,
    metadata: {},
    lastUpdatedTimestamp: 1,
    ...more,
  };
}

test("an instance of ours comes back from an Eureka server as it went in", () => {
  const record = recordOf("i-1", { adminPort: 12_001, metadata: { role: "leader" }, version: 7, status: "STARTING" });
  const { eureka, leaseMs, metadata, ...same } =
    fromEureka(toEureka(record, { lastDirtyTimestamp: 5, heartbeatMs: 30_000 })) ?? assert.fail("it cannot be called");
  const { metadata: said, ...expected } = record;

  assert.deepEqual(same, expected);
  assert.equal(metadata["role"], said["role"]);
  assert.equal(leaseMs, 90_000);
  assert.equal(eureka?.app, "CATALOG");
});

test("what an Eureka client registered can be called: by its port, by the secure one when that is all there is", () => {
  const plain = fromEureka(springApp());
  assert.deepEqual(
    [plain?.app, plain?.id, plain?.address, plain?.port, plain?.verifiesIdentity],
    ["orders", "host-7:orders:8080", "10.1.2.3", 8_080, false],
  );
  const secure = springApp({ port: { port: 80, enabled: false }, securePort: { port: 8_443, enabled: true } });
  assert.equal(fromEureka(secure)?.port, 8_443);
  assert.equal(fromEureka(springApp({ ipAddr: "" }))?.address, "host-7.example.org");
});

test("the zone is Amazon's, else the metadata's, else the address's, else Eureka's default", () => {
  const amazon = {
    class: "com.netflix.appinfo.AmazonInfo",
    name: "Amazon",
    metadata: { "availability-zone": "eu-1c" },
  };
  const zones = [
    springApp({ dataCenterInfo: amazon, metadata: { zone: "other" } }),
    springApp({ metadata: { zone: "rack-2" } }),
    springApp({ ipAddr: "127.1.2.10" }),
    springApp(),
  ].map((instance) => fromEureka(instance));

  assert.deepEqual(
    zones.map((record) => [record?.zone, record?.region]),
    [
      ["eu-1c", "eu-1"],
      ["rack-2", "rack-2"],
      ["local-1b", "local-1"],
      ["default", "default"],
    ],
  );
});

test("an id that cannot be one of ours is made one, each its own and the same each time", () => {
  const [a, b, again] = ["kitchen pc:api:80", "kitchen/pc:api:80", "kitchen pc:api:80"].map(
    (instanceId) => fromEureka(springApp({ instanceId }))?.id ?? "",
  );
  assert.match(a ?? "", /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/);
  assert.notEqual(a, b);
  assert.equal(a, again);
});

test("what nobody could call is left out, and odd metadata does no harm", () => {
  assert.equal(fromEureka(springApp({ port: { port: 0, enabled: true } })), undefined);
  assert.equal(fromEureka(springApp({ ipAddr: "", hostName: "" })), undefined);
  const odd = JSON.parse('{"__proto__":"x","constructor":"y","management.port":"no","holdfast.version":"-1"}');
  const record = fromEureka(springApp({ metadata: odd }));
  assert.equal(record?.adminPort, undefined);
  assert.equal(record?.version, 0);
  assert.equal(Object.getPrototypeOf(record?.metadata), Object.prototype);
});
