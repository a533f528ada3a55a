import assert from "node:assert/strict";
import { test } from "node:test";
import { Discovery, Registration } from "@holdfast/discovery";
import { type InstanceId, SystemClock, silentLog, systemRandom } from "@holdfast/kernel";
import { startRegistry } from "@holdfast/registry-server";
import { waitFor } from "@holdfast/testing";
import type { InstanceRecord } from "@holdfast/wire";
import { outsideClient, started, stopped } from "../src/eureka-js-client.ts";
import { startEurekaServer } from "../src/eureka-server.ts";
import { fetched } from "../src/fetched.ts";
import { freePorts } from "../src/free-ports.ts";

const part = fetched("spring-server");
const skip = typeof part === "string" ? part : false;
const clock = new SystemClock();
const patience = { timeoutMs: 30_000 };

function recordOf(app: string, id: string): Omit<InstanceRecord, "version"> {
  return {
    app,
    id: id as InstanceId,
    incarnation: Date.now(),
    status: "UP",
    region: "here",
    zone: "here-1",
    address: "127.0.0.1",
    port: 7_001,
    application: "movies",
    cluster: "main",
    serverGroup: "main-v001",
    verifiesIdentity: true,
    metadata: { note: "<a & b>" },
  };
}

/** What it has in its Eureka view, or the answer's code. */
async function statusAt(url: string, app: string, id: string): Promise<string | number> {
  const answer = await fetch(`${url}/eureka/apps/${app.toUpperCase()}/${id}`, {
    headers: { accept: "application/json" },
  });
  if (!answer.ok) return answer.status;
  return ((await answer.json()) as { instance: { status: string } }).instance.status;
}

test("our discovery at a real Eureka server: registered, found, changed, seen to come and go, deregistered", {
  skip,
}, async () => {
  const [port = 0] = await freePorts(1);
  const server = await startEurekaServer(port, { timings: "short" });
  const discovery = new Discovery(clock, systemRandom(), silentLog, { registries: [server.url], pollMs: 300 });
  const options = { registries: [server.url], heartbeatMs: 500 };
  const given = recordOf("orders", "own-1");
  const registration = new Registration(clock, systemRandom(), silentLog, options, given);
  const other = outsideClient({
    registries: [server.url],
    app: "catalog",
    host: "host-1",
    port: 8_001,
    path: "/eureka/apps/",
  });
  const status = (app: string): string | undefined => discovery.instances(app)[0]?.status;
  try {
    await registration.start();
    assert.deepEqual(registration.state, { kind: "registered", via: "eureka" });
    discovery.start();
    await discovery.ready(10_000);
    assert.ok(discovery.state.kind === "live" && discovery.state.via === "poll");

    await waitFor("itself in its view", () => status("orders") === "UP", patience);
    const [own] = discovery.instances("orders");
    // What Eureka has no field for comes back, too; where Spring Cloud has a key for it, it stays among the metadata.
    const { metadata, ...fields } = given;
    assert.partialDeepStrictEqual(own, { ...fields, metadata: { ...metadata, zone: "here-1" } });

    await started(other);
    try {
      await waitFor("another client's in its view", () => status("catalog") === "UP", patience);
      assert.equal(other.getInstancesByAppId("orders").length, 1, "which has found ours");
    } finally {
      await stopped(other);
    }
    await waitFor("it to be gone", () => status("catalog") === undefined, patience);

    await registration.setStatus("OUT_OF_SERVICE");
    await waitFor(
      "the change at the server",
      async () => (await statusAt(server.url, "orders", "own-1")) === "OUT_OF_SERVICE",
    );
    await waitFor("the change in its view", () => status("orders") === "OUT_OF_SERVICE", patience);
    await registration.setStatus("UP");
    await waitFor("it to be back", () => status("orders") === "UP", patience);

    await registration.stop("test");
    assert.equal(await statusAt(server.url, "orders", "own-1"), 404);
    await waitFor("it to be gone from the view", () => discovery.instances("orders").length === 0, patience);
  } finally {
    await discovery.stop();
    await registration.stop("test");
    await server.close();
  }
});

test("a real Eureka server and our registry as each other's peers: who is at one is at the other, for as long as it lives", {
  skip,
}, async () => {
  const [port = 0, ours = 0] = await freePorts(2);
  const theirUrl = `http://127.0.0.1:${port}`;
  const settings = { name: "a", peers: [], eurekaPeers: [`${theirUrl}/eureka`] };
  const running = await startRegistry(clock, systemRandom(), silentLog, settings, { port: ours });
  const server = await startEurekaServer(port, { timings: "short", peers: [`${running.url}/eureka`] });
  // Netflix's server passes on no heartbeat that is followed by the next within its half second of waiting.
  const options = { path: "/eureka/apps/", leaseSeconds: 3, heartbeatMs: 1_000 };
  const [here, there] = [
    outsideClient({
      registries: [running.url],
      app: "catalog",
      host: "here-1",
      id: "here-1",
      port: 8_001,
      ...options,
    }),
    outsideClient({
      registries: [theirUrl],
      app: "ratings",
      host: "there-1",
      id: "there-1",
      port: 8_002,
      ...options,
    }),
  ];
  const status = (app: string, id: string): string | undefined => running.registry.find(app, id)?.status;
  const say = async (method: string, base: string, what: string): Promise<void> => {
    assert.equal((await fetch(`${base}/eureka/apps/${what}`, { method })).status, 200, what);
  };
  try {
    await running.synced;
    await Promise.all([started(here), started(there)]);
    try {
      await waitFor("theirs here", () => status("ratings", "there-1") === "UP", patience);
      await waitFor("ours there", async () => (await statusAt(theirUrl, "catalog", "here-1")) === "UP", patience);

      const renewed = (): number => running.registry.find("ratings", "there-1")?.renewedAtMs ?? 0;
      const before = renewed();
      await waitFor("a heartbeat of theirs here", () => renewed() > before + 4_000, patience);
      assert.equal(await statusAt(theirUrl, "catalog", "here-1"), "UP", "past its lease, by our heartbeats");

      await say("PUT", theirUrl, "RATINGS/there-1/status?value=OUT_OF_SERVICE");
      await waitFor("their operator's word here", () => status("ratings", "there-1") === "OUT_OF_SERVICE", patience);
      await say("DELETE", theirUrl, "RATINGS/there-1/status?value=UP");
      await waitFor("its end here", () => status("ratings", "there-1") === "UP", patience);
      await say("PUT", running.url, "CATALOG/here-1/status?value=OUT_OF_SERVICE");
      const seenThere = (): Promise<string | number> => statusAt(theirUrl, "catalog", "here-1");
      await waitFor("our operator's word there", async () => (await seenThere()) === "OUT_OF_SERVICE", patience);
      await say("DELETE", running.url, "CATALOG/here-1/status?value=UP");
      await waitFor("its end there", async () => (await seenThere()) === "UP", patience);
    } finally {
      await Promise.all([stopped(here), stopped(there)]);
    }
    await waitFor("theirs to be gone here", () => status("ratings", "there-1") === undefined, patience);
    await waitFor(
      "ours to be gone there",
      async () => (await statusAt(theirUrl, "catalog", "here-1")) === 404,
      patience,
    );
  } finally {
    await server.close();
    await running.close();
  }
});
