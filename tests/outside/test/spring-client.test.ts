import assert from "node:assert/strict";
import { test } from "node:test";
import { SystemClock, silentLog, systemRandom } from "@holdfast/kernel";
import { type RunningRegistry, startRegistry } from "@holdfast/registry-server";
import { waitFor } from "@holdfast/testing";
import { springClient } from "../src/clients.ts";
import { fetched } from "../src/fetched.ts";
import { wholeLife } from "../src/whole-life.ts";

const part = fetched("spring-client");
const skip = typeof part === "string" ? part : false;

async function registry(): Promise<RunningRegistry> {
  return startRegistry(new SystemClock(), systemRandom(), silentLog, { name: "a", peers: [] });
}

test("a Spring Cloud application registers, renews, sees others come and go, comes back and leaves", {
  skip,
}, async () => {
  const running = await registry();
  const options = { registry: `${running.url}/eureka`, app: "billing", id: "spring-1", port: 9_004 };
  const spring = springClient(options);
  try {
    await running.synced;
    await waitFor("itself in its view", () => spring.sees["BILLING"]?.length === 1, { timeoutMs: 60_000 });
    assert.deepEqual(await spring.ask("uris billing"), ["http://127.0.0.1:9004"]);
    assert.equal(running.registry.find("billing", "spring-1")?.record.metadata?.["written-in"], "Java");
    await wholeLife(running, spring, options);
  } finally {
    await spring.close();
    await running.close();
  }
});
