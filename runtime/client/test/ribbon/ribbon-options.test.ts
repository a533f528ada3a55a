import assert from "node:assert/strict";
import { test } from "node:test";
import { Config, type Value } from "@holdfast/config";
import { hasCode } from "@holdfast/kernel";
import { ribbonOptionsInCode } from "../../src/ribbon/ribbon-keys.ts";
import { ribbonOptions } from "../../src/ribbon/ribbon-options.ts";

function configOf(values: Readonly<Record<string, Value>>): Config {
  const config = new Config();
  for (const [key, value] of Object.entries(values)) config.set("application", key, value);
  return config;
}

const read = (values: Readonly<Record<string, Value>>) => ribbonOptions(configOf(values), "catalog");

test("where nothing is set, nothing is changed", () => {
  assert.deepEqual(read({ "other.ribbon.ConnectTimeout": 1, "catalog.limit": 3 }), {
    options: {},
    extras: {},
    unknown: [],
  });
});

for (const { key, value, options = {}, extras = {} } of [
  { key: "ConnectTimeout", value: "2000", options: { connectTimeoutMs: 2_000 } },
  { key: "ReadTimeout", value: 5_000, options: { timeoutMs: 10_800 }, extras: { tryTimeoutMs: 5_000 } },
  { key: "MaxAutoRetries", value: 1, options: { triesMax: 4 } },
  { key: "MaxAutoRetriesNextServer", value: 2, options: { triesMax: 3 } },
  { key: "MaxAutoRetriesNextServer", value: "0", options: { triesMax: 1 } },
  { key: "OkToRetryOnAllOperations", value: "true", extras: { retryAll: true } },
  { key: "OkToRetryOnAllOperations", value: false, extras: { retryAll: false } },
  { key: "MaxConnectionsPerHost", value: 50, options: { connectionsMax: 50 } },
  { key: "MaxHttpConnectionsPerHost", value: 51, options: { connectionsMax: 51 } },
  { key: "MaxTotalConnections", value: 200, options: { concurrentMax: 200 } },
  { key: "MaxTotalHttpConnections", value: 201, options: { concurrentMax: 201 } },
  { key: "ConnIdleEvictTimeMilliSeconds", value: 30_000, options: { keepAliveMs: 30_000 } },
  {
    key: "NFLoadBalancerRuleClassName",
    value: "com.netflix.loadbalancer.WeightedResponseTimeRule",
    options: { picker: "com.netflix.loadbalancer.WeightedResponseTimeRule" },
  },
  { key: "NFLoadBalancerRuleClassName", value: "least-active", options: { picker: "least-active" } },
  { key: "ActiveConnectionsLimit", value: "-1", options: { activeMax: -1 } },
  { key: "ActiveConnectionsLimit", value: 20, options: { activeMax: 20 } },
  {
    key: "NIWSServerListClassName",
    value: "com.netflix.loadbalancer.ConfigurationBasedServerList",
    extras: { serverSource: "configured" },
  },
  {
    key: "NIWSServerListClassName",
    value: "com.netflix.niws.loadbalancer.DiscoveryEnabledNIWSServerList",
    extras: { serverSource: "registry" },
  },
  { key: "NIWSServerListClassName", value: "dns", extras: { serverSource: "dns" } },
  { key: "listOfServers", value: "a:1" },
  { key: "ServerListRefreshInterval", value: 30_000, extras: { listRefreshMs: 30_000 } },
  { key: "VipAddress", value: "a, b", extras: { vipAddresses: ["a", "b"] } },
  { key: "DeploymentContextBasedVipAddresses", value: "v:80", extras: { vipAddresses: ["v:80"] } },
  { key: "PrioritizeVipAddressBasedServers", value: "TRUE", extras: { vipAddressesInOrder: true } },
  { key: "TargetRegion", value: "us-east-1", extras: { targetRegion: "us-east-1" } },
  { key: "EnableZoneAffinity", value: "false", extras: { zoneAffinity: false } },
  { key: "EnableZoneExclusivity", value: "true", extras: { zoneExclusive: true } },
  { key: "EnablePrimeConnections", value: true, extras: { warmUp: { path: "/", ratio: 1, timeoutMs: 30_000 } } },
  { key: "EnablePrimeConnections", value: false },
  { key: "PrimeConnectionsURI", value: "/ping" },
]) {
  test(`${key}=${value} means ${JSON.stringify({ ...options, ...extras })}`, () => {
    assert.deepEqual(read({ [`catalog.ribbon.${key}`]: value }), { options, extras, unknown: [] });
  });
}

test("timeouts, tries and warm-up are put together from several keys", () => {
  const { options, extras } = read({
    "catalog.ribbon.ConnectTimeout": 100,
    "catalog.ribbon.ReadTimeout": 400,
    "catalog.ribbon.MaxAutoRetries": 1,
    "catalog.ribbon.MaxAutoRetriesNextServer": 2,
    "ribbon.EnablePrimeConnections": true,
    "ribbon.PrimeConnectionsURI": "/ping",
    "ribbon.MinPrimeConnectionsRatio": "0.5",
    "ribbon.MaxTotalTimeToPrimeConnections": 5_000,
  });
  assert.deepEqual(options, { connectTimeoutMs: 100, timeoutMs: 3_000, triesMax: 6 });
  assert.deepEqual(extras, { tryTimeoutMs: 400, warmUp: { path: "/ping", ratio: 0.5, timeoutMs: 5_000 } });
});

test("the client's key counts before the one for all, and newer names before older ones", () => {
  const { options, extras } = read({
    "ribbon.ConnectTimeout": 1,
    "catalog.ribbon.ConnectTimeout": 2,
    "ribbon.ConnIdleEvictTimeMilliSeconds": 3,
    "catalog.ribbon.MaxHttpConnectionsPerHost": 4,
    "ribbon.MaxConnectionsPerHost": 5,
    "catalog.ribbon.VipAddress": "old",
    "ribbon.DeploymentContextBasedVipAddresses": "new",
  });
  assert.deepEqual(options, { connectTimeoutMs: 2, connectionsMax: 5, keepAliveMs: 3 });
  assert.deepEqual(extras, { vipAddresses: ["new"] });
});

test("the environment's keys, in lower case, count, and their layer is stronger than the application's", () => {
  const config = configOf({ "catalog.ribbon.ConnectTimeout": 1, "catalog.ribbon.MaxConnectionsPerHost": 5 });
  config.readEnvironment({
    HOLDFAST_CATALOG_RIBBON_CONNECTTIMEOUT: "2",
    HOLDFAST_RIBBON_ACTIVECONNECTIONSLIMIT: "7",
    HOLDFAST_CATALOG_RIBBON_MAXCONNECTIONSPERHOST: "6",
  });
  config.set("runtime", "catalog.ribbon.MaxConnectionsPerHost", 8);
  const { options, unknown } = ribbonOptions(config, "catalog");
  assert.deepEqual(options, { connectTimeoutMs: 2, connectionsMax: 8, activeMax: 7 });
  assert.deepEqual(unknown, []);
});

test("the circuit and zone keys have places of their own, by client and for all", () => {
  const { options, extras } = read({
    "niws.loadbalancer.default.connectionFailureCountThreshold": 3,
    "niws.loadbalancer.catalog.connectionFailureCountThreshold": 5,
    "niws.loadbalancer.default.circuitTripTimeoutFactorSeconds": "10",
    "niws.loadbalancer.default.circuitTripMaxTimeoutSeconds": 60,
    "niws.loadbalancer.availabilityFilteringRule.activeConnectionsLimit": 9,
    "ZoneAwareNIWSDiscoveryLoadBalancer.catalog.triggeringLoadPerServerThreshold": 0.5,
    "ZoneAwareNIWSDiscoveryLoadBalancer.avoidZoneWithBlackoutPercetage": 0.9,
  });
  assert.deepEqual(options, { activeMax: 9, ejectionMs: 10_000, ejectionMaxMs: 60_000 });
  assert.deepEqual(extras, { ejectAfter: 5, zoneLimits: { loadPerServer: 0.5, ejectedShare: 0.9 } });
});

test("a first ejection longer than the longest makes the longest longer", () => {
  const { options } = read({ "niws.loadbalancer.default.circuitTripTimeoutFactorSeconds": 45 });
  assert.deepEqual(options, { ejectionMs: 45_000, ejectionMaxMs: 45_000 });
});

for (const [key, values] of Object.entries({
  ConnectTimeout: [0, -1, 1.5, "2s", "", " ", "1e999", true, Number.NaN],
  ReadTimeout: [0, 3_600_001],
  MaxAutoRetries: [-1, 21],
  MaxConnectionsPerHost: [0, 65_536],
  MaxTotalConnections: [0],
  OkToRetryOnAllOperations: ["yes", 1, ""],
  ActiveConnectionsLimit: [0, -2],
  NFLoadBalancerRuleClassName: ["com.example.MyRule", "", "__proto__"],
  NIWSServerListClassName: ["com.example.MyList", "", "__proto__"],
  listOfServers: [" "],
  VipAddress: [" , "],
  MinPrimeConnectionsRatio: [-0.1, 1.1],
  PrimeConnectionsURI: ["ping", "/a b", "/\r\nx: y"],
})) {
  for (const value of values) {
    test(`${key}=${JSON.stringify(value)} is passed over and told, and in code refused by its path`, () => {
      const { options, extras, unknown } = read({ [`catalog.ribbon.${key}`]: value });
      assert.deepEqual([options, extras], [{}, {}]);
      assert.deepEqual(
        unknown.map((remark) => [remark.key, remark.kind]),
        [[`catalog.ribbon.${key}`, "unfit"]],
      );
      assert.throws(
        () => ribbonOptionsInCode({ [key]: value }),
        (error) => hasCode(error, "OPTION_INVALID") && error.message.startsWith(`ribbon.${key}: must be `),
      );
    });
  }
}

test("where the client's value is not fit, the one for all counts", () => {
  const { options } = read({ "catalog.ribbon.ConnectTimeout": "soon", "ribbon.ConnectTimeout": 300 });
  assert.deepEqual(options, { connectTimeoutMs: 300 });
});

test("where a stronger layer's value is not fit, a weaker one's counts before the one for all", () => {
  const config = configOf({ "catalog.ribbon.ConnectTimeout": 100, "ribbon.ConnectTimeout": 300 });
  config.set("runtime", "catalog.ribbon.ConnectTimeout", 0);
  assert.deepEqual(ribbonOptions(config, "catalog").options, { connectTimeoutMs: 100 });
});

test("keys that nobody knows, misspelt ones and those without effect are told, without their values", () => {
  const { options, unknown } = read({
    "catalog.ribbon.connectTimeout": 1,
    "catalog.ribbon.Colour": "red",
    "ribbon.KeyStorePassword": "secret",
    "catalog.ribbon.zoneAffinity.maxLoadPerServer": 0.6,
    "ribbon.listOfServers": "a:1",
    "other.ribbon.Colour": "blue",
  });
  assert.deepEqual(options, {});
  assert.deepEqual(
    unknown.map(({ key, kind, why }) => `${kind} ${key}: ${why.slice(0, 30)}`),
    [
      "unknown catalog.ribbon.connectTimeout: the key is spelt ConnectTimeou",
      "unknown catalog.ribbon.Colour: Ribbon has no such key",
      "idle ribbon.KeyStorePassword: calls between services are pla",
      "idle catalog.ribbon.zoneAffinity.maxLoadPerServer: calls leave the zone in propor",
      "idle ribbon.listOfServers: one list cannot be every app's",
    ],
  );
  assert.ok(!JSON.stringify(unknown).includes("secret"));
});

test("in code, keys mean the same, and those without effect are refused with the reason", () => {
  assert.deepEqual(ribbonOptionsInCode({ ConnectTimeout: 100, ReadTimeout: undefined, EnableZoneAffinity: "false" }), {
    options: { connectTimeoutMs: 100 },
    extras: { zoneAffinity: false },
  });
  for (const [key, reason] of [
    ["IsSecure", "plain HTTP"],
    ["Colour", "no key of Ribbon's"],
    ["toString", "no key of Ribbon's"],
  ] as const) {
    assert.throws(
      () => ribbonOptionsInCode({ [key]: "x" }),
      (error) =>
        hasCode(error, "OPTION_INVALID") &&
        error.message.startsWith(`ribbon.${key}: `) &&
        error.message.includes(reason),
    );
  }
});
