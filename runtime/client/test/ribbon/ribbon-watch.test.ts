import assert from "node:assert/strict";
import { test } from "node:test";
import { Config } from "@holdfast/config";
import { type Log, silentLog } from "@holdfast/kernel";
import { watchRibbonOptions } from "../../src/ribbon/ribbon-keys.ts";
import { ribbonOptions } from "../../src/ribbon/ribbon-options.ts";
import { ribbonNames } from "./ribbon-names.ts";

function world() {
  const config = new Config();
  const said: string[] = [];
  const say = (event: string, fields?: Readonly<Record<string, unknown>>): void =>
    void said.push(`${event} ${String(fields?.["key"])}`);
  const log: Log = { ...silentLog, warn: say, info: say };
  const timeouts: (number | undefined)[] = [];
  const start = () =>
    watchRibbonOptions(config, "catalog", ({ options }) => timeouts.push(options.connectTimeoutMs), log);
  return { config, said, timeouts, start };
}

test("options change with the configuration, and are told when they do and only then", () => {
  const { config, timeouts, start } = world();
  const watch = start();
  config.set("application", "ribbon.ConnectTimeout", 100);
  config.set("runtime", "catalog.ribbon.ConnectTimeout", 200);
  config.set("runtime", "ribbon.ConnectTimeout", 300);
  config.set("runtime", "catalog.ribbon.ConnectTimeout", "200");
  config.set("runtime", "other.ribbon.ConnectTimeout", 400);
  config.set("runtime", "catalog.limit", 400);
  assert.deepEqual(timeouts, [100, 200]);
  config.set("runtime", "catalog.ribbon.ConnectTimeout", undefined);
  config.readEnvironment({ HOLDFAST_CATALOG_RIBBON_CONNECTTIMEOUT: "500" });
  assert.deepEqual(timeouts, [100, 200, 300, 500]);
  assert.equal(watch.current.options.connectTimeoutMs, 500);
  watch.close();
  config.set("runtime", "catalog.ribbon.ConnectTimeout", 600);
  assert.deepEqual(timeouts, [100, 200, 300, 500]);
});

test("circuit and zone keys are heard, too", () => {
  const { config, start } = world();
  const watch = start();
  config.set("runtime", "niws.loadbalancer.catalog.connectionFailureCountThreshold", 4);
  assert.deepEqual(watch.current.extras, { ejectAfter: 4 });
  config.set("runtime", "ZoneAwareNIWSDiscoveryLoadBalancer.triggeringLoadPerServerThreshold", 1);
  assert.deepEqual(watch.current.extras, { zoneLimits: { loadPerServer: 1 }, ejectAfter: 4 });
  watch.close();
});

test("a value that becomes unfit leaves what counts without it, and is logged once", () => {
  const { config, said, timeouts, start } = world();
  config.set("application", "catalog.ribbon.ConnectTimeout", 100);
  const watch = start();
  config.set("runtime", "catalog.ribbon.ConnectTimeout", "soon");
  assert.equal(watch.current.options.connectTimeoutMs, 100);
  config.set("runtime", "catalog.ribbon.ReadTimeout", 100);
  config.set("runtime", "catalog.ribbon.Colour", "red");
  config.set("runtime", "catalog.ribbon.Colour", "blue");
  config.set("runtime", "catalog.ribbon.IsSecure", true);
  assert.deepEqual(said, [
    "ribbon.key.unfit catalog.ribbon.ConnectTimeout",
    "ribbon.key.unknown catalog.ribbon.Colour",
    "ribbon.key.idle catalog.ribbon.IsSecure",
  ]);
  assert.deepEqual(timeouts, [100]);
  watch.close();
});

test("every key of Ribbon's is known: with an effect, or with the reason why it has none", () => {
  for (const name of ribbonNames) {
    const config = new Config();
    config.set("application", `catalog.ribbon.${name}`, "?");
    const { unknown } = ribbonOptions(config, "catalog");
    assert.ok(!unknown.some(({ kind }) => kind === "unknown"), name);
  }
});
