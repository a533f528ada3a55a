import assert from "node:assert/strict";
import { test } from "node:test";
import { SystemClock, silentLog, systemRandom } from "@holdfast/kernel";
import { type RunningRegistry, startRegistry } from "@holdfast/registry-server";
import { waitFor } from "@holdfast/testing";
import { javaClient } from "../src/clients.ts";
import { fetched } from "../src/fetched.ts";
import type { OutsideProcess } from "../src/outside-process.ts";
import { wholeLife } from "../src/whole-life.ts";

const part = fetched("java");
const skip = typeof part === "string" ? part : false;
const patience = { timeoutMs: 40_000 };

async function registry(): Promise<RunningRegistry> {
  return startRegistry(new SystemClock(), systemRandom(), silentLog, { name: "a", peers: [] });
}

for (const format of ["JacksonJson", "XStreamJson"]) {
  test(`the Java client, with ${format}, registers, renews, sees others come and go, comes back and leaves`, {
    skip,
  }, async () => {
    const running = await registry();
    const options = { registry: `${running.url}/eureka/v2`, app: "orders", id: "java-1", port: 9_003, format };
    try {
      await running.synced;
      await wholeLife(running, javaClient(options), options);
    } finally {
      await running.close();
    }
  });
}

const self = {
  app: "ORDERS",
  host: "127.0.0.1",
  ip: "127.0.0.1",
  port: 9_003,
  portEnabled: true,
  securePort: 443,
  securePortEnabled: false,
  status: "UP",
  overridden: "UNKNOWN",
  vip: "orders",
  svip: "null",
  dataCenter: "MyOwn",
  lease: "1/4",
  metadata: { odd: "<a & b> é", "written-in": "Java" },
  action: "ADDED",
  homePage: "http://127.0.0.1:9003/",
};
/** What the compact form leaves out. */
const compactSelf = { ...self, lease: "none", metadata: {}, homePage: "null" };

/** Every document, of a registry in which only `one` is. */
function documents(one: object): object {
  const all = { apps: { ORDERS: { "java-1": one } }, hash: "UP_1_", agrees: true };
  return { all, delta: all, vip: all, svip: 404, app: { "java-1": one }, instance: one, byId: one, absent: 404 };
}

async function withJava(work: (java: OutsideProcess, running: RunningRegistry) => Promise<void>): Promise<void> {
  const running = await registry();
  const java = javaClient({ registry: `${running.url}/eureka/v2`, app: "orders", id: "java-1", port: 9_003 });
  try {
    await running.synced;
    await waitFor("itself in its view", () => java.sees["ORDERS"]?.join() === "java-1", patience);
    await work(java, running);
  } finally {
    await java.close();
    await running.close();
  }
}

test("every call of the Java client's lower half is answered, and means what it meant", { skip }, () =>
  withJava(async (java) => {
    assert.deepEqual(await java.ask("read"), documents(self));
    assert.deepEqual(await java.ask("live"), {
      "heartbeat before": 404,
      register: 204,
      heartbeat: 200,
      out: 200,
      "while out": { ...self, status: "OUT_OF_SERVICE", overridden: "OUT_OF_SERVICE", action: "MODIFIED" },
      back: 200,
      cancel: 200,
      "cancel again": 404,
    });
  }),
);

for (const [codec, other] of [
  ["JacksonJson", "JacksonXml"],
  ["XStreamJson", "XStreamXml"],
  ["LegacyJacksonJson", "JacksonXmlMini"],
] as const) {
  test(`Netflix's codecs ${codec} and ${other} read every document, full and compact, and are read`, { skip }, () =>
    withJava(async (java) => {
      for (const name of [codec, other]) {
        assert.deepEqual(await java.ask(`read-as ${name}`), documents(self), name);
        assert.deepEqual(await java.ask(`read-as ${name} compact`), documents(compactSelf), `${name}, compact`);
      }
      for (const name of [codec, other].filter((each) => !each.endsWith("Mini"))) {
        assert.deepEqual(await java.ask(`live-as ${name}`), { register: 204, instance: self, cancel: 200 }, name);
      }
    }),
  );
}

test("an override and the client's own status are believed in their order, and its metadata", { skip }, () =>
  withJava(async (java, running) => {
    const held = (): ReturnType<RunningRegistry["registry"]["find"]> => running.registry.find("orders", "java-1");
    assert.equal(await java.ask("status OUT_OF_SERVICE"), 200);
    assert.equal(held()?.status, "OUT_OF_SERVICE");
    const remote = (): Promise<unknown> => java.ask("remote-status");
    await waitFor("the client to hear it", async () => (await remote()) === "OUT_OF_SERVICE", patience);
    assert.equal(held()?.record.status, "UP", "it goes on saying UP, which counts for less");
    assert.equal(await java.ask("drop-override"), 200);
    await waitFor("it to be UP again", () => held()?.status === "UP", patience);

    await java.ask("own DOWN");
    await waitFor("its own word", () => held()?.status === "DOWN", patience);
    await java.ask("own UP");
    await waitFor("its own word again", () => held()?.status === "UP", patience);
    await java.ask("metadata note noon");
    await waitFor("its metadata", () => held()?.record.metadata?.["note"] === "noon", patience);
  }),
);

test("a Eureka server's replication client is answered as by a peer of its own", { skip }, () =>
  withJava(async (java) => {
    assert.deepEqual(await java.ask("replicate"), {
      "heartbeat of an unknown one": [404],
      life: [200, 200, 200, 200],
      "heartbeat of an older one": [{ code: 409, id: "java-1-another" }],
      "heartbeat of a newer one": [404],
      "direct heartbeat": 200,
      group: 200,
      cancel: [200],
      "cancel again": [404],
    });
  }),
);
