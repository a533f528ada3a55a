import assert from "node:assert/strict";
import { test } from "node:test";
import { SystemClock, silentLog, systemRandom } from "@holdfast/kernel";
import { type RunningRegistry, startRegistry } from "@holdfast/registry-server";
import { waitFor } from "@holdfast/testing";
import { goClient } from "../src/clients.ts";
import { fetched } from "../src/fetched.ts";
import { wholeLife } from "../src/whole-life.ts";

const part = fetched("go");
const skip = typeof part === "string" ? part : false;

async function registry(): Promise<RunningRegistry> {
  return startRegistry(new SystemClock(), systemRandom(), silentLog, { name: "a", peers: [] });
}

for (const [format, path] of [
  ["xml", "/eureka/v2"],
  ["json", "/eureka"],
] as const) {
  test(`fargo, in ${format}, registers, renews, sees others come and go, comes back and leaves`, { skip }, async () => {
    const running = await registry();
    const options = { registry: `${running.url}${path}`, app: "search", id: "go-1", port: 9_002, format };
    try {
      await running.synced;
      await wholeLife(running, goClient(options), options);
    } finally {
      await running.close();
    }
  });

  test(`fargo, in ${format}, reads back what it registered, its metadata and its status, and finds by VIP`, {
    skip,
  }, async () => {
    const running = await registry();
    const options = { registry: `${running.url}${path}`, app: "search", id: "go-1", port: 9_002, format };
    const go = goClient(options);
    try {
      await running.synced;
      await waitFor("itself in its view", () => go.sees["SEARCH"]?.join() === "go-1");
      assert.deepEqual(await go.ask("vip search"), ["go-1"]);
      assert.equal(await go.ask("metadata note noon"), "noon");
      const dataCenter = "MyOwn";
      const read = { host: "127.0.0.1", port: 9_002, dataCenter, leaseSeconds: 4, note: "noon" };
      assert.deepEqual(await go.ask("read"), { ...read, status: "UP", overridden: "UNKNOWN" });

      assert.equal(await go.ask("status OUT_OF_SERVICE"), "OUT_OF_SERVICE");
      const shown = { ...read, status: "OUT_OF_SERVICE", overridden: "OUT_OF_SERVICE" };
      assert.deepEqual(await go.ask("read"), shown);
      assert.deepEqual(await go.ask("vip search"), []);
      await waitFor("itself to be gone from its view", () => go.sees["SEARCH"] === undefined);
    } finally {
      await go.close();
      await running.close();
    }
  });
}
