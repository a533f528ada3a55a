import assert from "node:assert/strict";
import { test } from "node:test";
import { Config } from "@holdfast/config";
import { type Log, silentLog } from "@holdfast/kernel";
import { type ConfiguredServers, configuredServers } from "../../src/servers/configured-servers.ts";

const key = "catalog.ribbon.listOfServers";

function world(text: string | undefined) {
  const config = new Config();
  config.set("application", key, text);
  const warnings: unknown[] = [];
  const log: Log = { ...silentLog, warn: (event, fields) => void warnings.push([event, fields?.["app"]]) };
  const servers = configuredServers(config, log);
  const before = servers.instances("catalog");
  const changes: string[][] = [];
  servers.subscribe((apps) => void changes.push([...apps]));
  return { config, servers, warnings, changes, before };
}

const shown = (servers: ConfiguredServers): string[] =>
  servers.instances("catalog").map(({ address, port }) => `${address}:${port}`);

test("the list changes with the configuration, and what stays keeps its record", () => {
  const { config, servers, changes, before } = world("a:1,b:2");
  assert.deepEqual(shown(servers), ["a:1", "b:2"]);
  config.set("runtime", key, "b:2,c:3");
  assert.deepEqual(shown(servers), ["b:2", "c:3"]);
  assert.equal(servers.instances("catalog")[0], before[1]);
  config.set("runtime", key, undefined);
  assert.deepEqual(shown(servers), ["a:1", "b:2"]);
  assert.deepEqual(changes, [["catalog"], ["catalog"]]);
});

test("the same servers in another order, or in another spelling, are no change", () => {
  const { config, servers, changes, before } = world("a:1,b:2");
  config.set("runtime", key, " B:2, http://a:1/ ,");
  assert.equal(servers.instances("catalog"), before);
  assert.deepEqual(changes, []);
});

test("another zone or weight of the same server is a change", () => {
  const { config, servers, changes } = world("a:1,b:2");
  config.set("runtime", key, "a:1;zone=z,b:2;weight=0.5");
  assert.deepEqual(
    servers.instances("catalog").map(({ zone, metadata }) => [zone, metadata["weight"]]),
    [
      ["z", undefined],
      ["none", "0.5"],
    ],
  );
  assert.equal(changes.length, 1);
});

test("a list that cannot be read changes nothing, is logged once, and is explained until a good one comes", () => {
  const { config, servers, warnings, changes } = world("a:1");
  config.set("runtime", key, "a:1,b:x");
  config.set("runtime", key, "a:1,b:x");
  assert.deepEqual(shown(servers), ["a:1"]);
  assert.deepEqual(warnings, [["servers.list.unfit", "catalog"]]);
  assert.match(servers.problem("catalog") ?? "", /"b:x" at character 5/);
  config.set("runtime", key, "b:2");
  assert.equal(servers.problem("catalog"), undefined);
  assert.deepEqual(shown(servers), ["b:2"]);
  assert.deepEqual(changes, [["catalog"]]);
});

test("without the key, and with an empty one, the app has no servers", () => {
  const { config, servers, changes } = world(undefined);
  assert.deepEqual(servers.instances("catalog"), []);
  config.set("runtime", key, "a:1");
  assert.deepEqual(servers.apps(), ["catalog"]);
  config.set("runtime", key, "");
  assert.deepEqual(servers.instances("catalog"), []);
  assert.deepEqual(servers.apps(), []);
  assert.equal(changes.length, 2);
});

test("questions about apps that nobody knows keep nothing, and a list for all of them is none", () => {
  const { config, servers } = world(undefined);
  config.set("application", "ribbon.listOfServers", "a:1");
  for (let i = 0; i < 1_000; i++) assert.deepEqual(servers.instances(`unknown-${i}`), []);
  assert.deepEqual(servers.apps(), []);
});

test("the environment's key, in lower case, counts, and is stronger than the application's", () => {
  const { config, servers, changes } = world("a:1");
  config.readEnvironment({ HOLDFAST_CATALOG_RIBBON_LISTOFSERVERS: "b:2" });
  assert.deepEqual(shown(servers), ["b:2"]);
  config.set("environment", key.toLowerCase(), undefined);
  assert.deepEqual(shown(servers), ["a:1"]);
  assert.equal(changes.length, 2);
});

test("after close the configuration is not heard any more", () => {
  const { config, servers, changes } = world("a:1");
  servers.close();
  config.set("runtime", key, "b:1");
  assert.deepEqual(shown(servers), ["a:1"]);
  assert.deepEqual(changes, []);
});
