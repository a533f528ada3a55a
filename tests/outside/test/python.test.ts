import assert from "node:assert/strict";
import { test } from "node:test";
import { SystemClock, silentLog, systemRandom } from "@holdfast/kernel";
import { type RunningRegistry, startRegistry } from "@holdfast/registry-server";
import { waitFor } from "@holdfast/testing";
import { pythonClient } from "../src/clients.ts";
import { fetched } from "../src/fetched.ts";
import { wholeLife } from "../src/whole-life.ts";

const part = fetched("python");
const skip = typeof part === "string" ? part : false;

async function registry(): Promise<RunningRegistry> {
  return startRegistry(new SystemClock(), systemRandom(), silentLog, { name: "a", peers: [] });
}

for (const path of ["/eureka", "/eureka/v2"]) {
  test(`py-eureka-client at ${path} registers, renews, sees others come and go, comes back and leaves`, {
    skip,
  }, async () => {
    const running = await registry();
    const options = { registry: `${running.url}${path}`, app: "reviews", id: "python-1", port: 9_001 };
    try {
      await running.synced;
      const python = pythonClient(options);
      await waitFor("it to register", () => running.registry.find("reviews", "python-1"));
      assert.equal(running.registry.find("reviews", "python-1")?.record.metadata?.["written-in"], "Python");
      await wholeLife(running, python, options);
    } finally {
      await running.close();
    }
  });
}

test("an override said and taken back by py-eureka-client is believed", { skip }, async () => {
  const running = await registry();
  const python = pythonClient({ registry: `${running.url}/eureka`, app: "reviews", id: "python-1", port: 9_001 });
  try {
    await running.synced;
    const status = (): string | undefined => running.registry.find("reviews", "python-1")?.status;
    await waitFor("it to be UP", () => status() === "UP");
    await python.ask("status OUT_OF_SERVICE");
    assert.equal(status(), "OUT_OF_SERVICE");
    await waitFor("itself to be gone from its view", () => python.sees["REVIEWS"] === undefined);
    await python.ask("drop-override");
    await waitFor("it to be UP again", () => status() === "UP");
  } finally {
    await python.close();
    await running.close();
  }
});

// This client takes a delta for the one it has when version and hash are the same, as they are after such an exchange.
test("an instance that takes another's place between two polls of py-eureka-client is seen by it", {
  skip,
}, async () => {
  const running = await registry();
  const python = pythonClient({ registry: `${running.url}/eureka`, app: "reviews", id: "python-1", port: 9_001 });
  const call = async (method: string, id: string, body?: string): Promise<void> => {
    const headers = { "content-type": "application/json" };
    const path = method === "POST" ? "CATALOG" : `CATALOG/${id}`;
    const given = body === undefined ? { method } : { method, headers, body };
    const answer = await fetch(`${running.url}/eureka/apps/${path}`, given);
    assert.ok(answer.ok, `${answer.status} ${await answer.text()}`);
  };
  const register = (id: string): Promise<void> =>
    call(
      "POST",
      id,
      JSON.stringify({
        instance: {
          instanceId: id,
          hostName: id,
          app: "CATALOG",
          ipAddr: "127.0.0.1",
          status: "UP",
          port: { $: 8_001, "@enabled": "true" },
          dataCenterInfo: { "@class": "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo", name: "MyOwn" },
        },
      }),
    );
  try {
    await running.synced;
    await register("old");
    await waitFor("the first in its view", () => python.sees["CATALOG"]?.join() === "old");
    // Another round, so that what it last heard was a delta.
    await register("old-2");
    await waitFor("two in its view", () => python.sees["CATALOG"]?.length === 2);
    await call("DELETE", "old");
    await register("new");
    await waitFor("the new one in its view", () => python.sees["CATALOG"]?.toSorted().join() === "new,old-2");
  } finally {
    await python.close();
    await running.close();
  }
});
