import assert from "node:assert/strict";
import { test } from "node:test";
import { OptionError } from "@holdfast/kernel";
import { checkSettings, readSettings } from "@holdfast/registry-server";
import { Env, type RegistrySettings } from "@holdfast/wire";

const everything: RegistrySettings = {
  name: "a",
  peers: ["http://127.0.0.1:8762"],
  zone: "local-1a",
  region: "local-1",
  profile: "compat",
  probe: "http",
  remoteRegions: { "local-2": "http://127.0.0.1:9761/eureka/v2" },
  remoteRegionApps: { "local-2": ["MOVIES"], global: [] },
  eurekaPeers: ["http://127.0.0.1:7761/eureka/v2"],
  rateLimit: {
    burstSize: 5,
    registryFetchAverageRate: 50,
    fullFetchAverageRate: 0,
    throttleStandardClients: true,
    privilegedClients: ["ops"],
  },
};

test("every setting of a registry is taken as it is given, and what is not one is left out", () => {
  assert.deepEqual(checkSettings({ ...everything, unheardOf: 1 }, "settings"), everything);
  assert.deepEqual(checkSettings({ name: "b" }, "settings"), { name: "b", peers: [] });
});

test("a setting that cannot be used is named", () => {
  const wrong: [string, Record<string, unknown>][] = [
    ["settings.name", { name: "a b" }],
    ["settings.peers", { peers: "http://127.0.0.1:1" }],
    ["settings.peers.1", { peers: ["http://127.0.0.1:1", "ftp://127.0.0.1"] }],
    ["settings.zone", { zone: "" }],
    ["settings.profile", { profile: "slow" }],
    ["settings.probe", { probe: true }],
    ["settings.remoteRegions", { remoteRegions: [] }],
    ["settings.remoteRegions.x", { remoteRegions: { x: "x" } }],
    ["settings.remoteRegionApps", { remoteRegionApps: ["MOVIES"] }],
    ["settings.remoteRegionApps.x", { remoteRegionApps: { x: "MOVIES" } }],
    ["settings.remoteRegionApps.x.0", { remoteRegionApps: { x: [7] } }],
    ["settings.rateLimit", { rateLimit: 100 }],
    ["settings.rateLimit.burstSize", { rateLimit: { burstSize: -1 } }],
    ["settings.rateLimit.fullFetchAverageRate", { rateLimit: { fullFetchAverageRate: "100" } }],
    ["settings.rateLimit.throttleStandardClients", { rateLimit: { throttleStandardClients: "no" } }],
    ["settings.rateLimit.privilegedClients", { rateLimit: { privilegedClients: "ops" } }],
  ];
  for (const [path, fields] of wrong) {
    assert.throws(
      () => checkSettings({ name: "a", ...fields }, "settings"),
      (error) => error instanceof OptionError && error.message.includes(path),
      path,
    );
  }
});

test("without settings a registry stands alone, called like its zone", () => {
  assert.deepEqual(readSettings({}), { name: "alone", peers: [] });
  const placed = readSettings({ [Env.zone]: "local-1b", [Env.region]: "local-1" });
  assert.deepEqual(placed, { name: "local-1b", peers: [], zone: "local-1b", region: "local-1" });
});

test("settings win over the place in the environment, and settings that are no JSON object are refused", () => {
  const text = JSON.stringify({ name: "a", zone: "local-1c" });
  assert.equal(readSettings({ [Env.settings]: text, [Env.zone]: "local-1b" }).zone, "local-1c");
  for (const bad of ["{", "[]", "null", "7"]) {
    assert.throws(() => readSettings({ [Env.settings]: bad }), OptionError, bad);
  }
});
