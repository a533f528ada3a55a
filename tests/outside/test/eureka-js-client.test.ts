import assert from "node:assert/strict";
import { test } from "node:test";
import { SystemClock, silentLog, systemRandom } from "@holdfast/kernel";
import { type RunningRegistry, startRegistry } from "@holdfast/registry-server";
import { waitFor } from "@holdfast/testing";
import { type OutsideClient, outsideClient, started, stopped } from "../src/eureka-js-client.ts";
import { freePorts } from "../src/free-ports.ts";

const clock = new SystemClock();

async function registry(port = 0, peers: readonly string[] = [], name = "a"): Promise<RunningRegistry> {
  return startRegistry(clock, systemRandom(), silentLog, { name, peers }, { port });
}

function hosts(client: OutsideClient, app: string): string[] {
  return client
    .getInstancesByAppId(app)
    .map((one) => one.hostName)
    .sort();
}

test("two clients register, find each other by app and by address, renew, and one leaves: the other sees it by delta", async () => {
  const running = await registry();
  const options = { registries: [running.url] };
  const one = outsideClient({ ...options, app: "catalog", host: "host-1", port: 8_001 });
  const two = outsideClient({ ...options, app: "ratings", host: "host-2", port: 8_002 });
  try {
    await running.synced;
    await Promise.all([started(one), started(two)]);
    await waitFor(
      "each to see the other",
      () => hosts(one, "ratings")[0] === "host-2" && hosts(two, "catalog")[0] === "host-1",
    );
    assert.equal(one.getInstancesByVipAddress("ratings.vip")[0]?.port.$, 8_002);
    assert.deepEqual(running.registry.apps(), ["catalog", "ratings"]);

    const before = running.registry.find("catalog", "host-1")?.renewedAtMs ?? 0;
    await waitFor("a heartbeat", () => (running.registry.find("catalog", "host-1")?.renewedAtMs ?? 0) > before);

    await stopped(two);
    assert.equal(running.registry.find("ratings", "host-2"), undefined);
    await waitFor("it to be gone from the other's view", () => hosts(one, "ratings").length === 0);
  } finally {
    await stopped(one);
    await running.close();
  }
});

test("a client whose instance the registry has forgotten registers again by itself", async () => {
  const running = await registry();
  const client = outsideClient({ registries: [running.url], app: "catalog", host: "host-1", port: 8_001 });
  try {
    await running.synced;
    await started(client);
    assert.ok(running.registry.find("catalog", "host-1"));
    running.registry.cancel("catalog", "host-1", "test");
    assert.equal(running.registry.find("catalog", "host-1"), undefined);
    await waitFor("it to be back", () => running.registry.find("catalog", "host-1"));
  } finally {
    await stopped(client);
    await running.close();
  }
});

// Its delta keeps instances that are not UP in the view, with their status; only its full fetch leaves them out.
test("an operator's OUT_OF_SERVICE reaches a client's view, and so does taking it back", async () => {
  const running = await registry();
  const client = outsideClient({ registries: [running.url], app: "catalog", host: "host-1", port: 8_001 });
  try {
    await running.synced;
    await started(client);
    await waitFor("itself in its view", () => hosts(client, "catalog").length === 1);
    const path = `${running.url}/eureka/v2/apps/CATALOG/host-1/status`;
    assert.equal((await fetch(`${path}?value=OUT_OF_SERVICE`, { method: "PUT" })).status, 200);
    const shown = (): string => client.getInstancesByAppId("catalog")[0]?.status ?? "left out";
    await waitFor("it to be out of service in its own view", () => shown() !== "UP");
    assert.ok(["OUT_OF_SERVICE", "left out"].includes(shown()), shown());
    assert.equal((await fetch(`${path}?value=UP`, { method: "DELETE" })).status, 200);
    await waitFor("it to be UP again", () => shown() === "UP");
  } finally {
    await stopped(client);
    await running.close();
  }
});

for (const path of ["/eureka/v2/apps/", "/eureka/v1/apps/", "/eureka/apps/", "/v2/apps/"]) {
  test(`a client at ${path} registers and fetches`, async () => {
    const running = await registry();
    const client = outsideClient({ registries: [running.url], path, app: "catalog", host: "host-1", port: 8_001 });
    try {
      await running.synced;
      await started(client);
      await waitFor("itself in its view", () => hosts(client, "catalog")[0] === "host-1");
    } finally {
      await stopped(client);
      await running.close();
    }
  });
}

test("when one of three registries dies its client goes on with another, and loses nobody from its view", async () => {
  const ports = await freePorts(3);
  const urls = ports.map((port) => `http://127.0.0.1:${port}`);
  const peers = await Promise.all(
    ports.map((port, i) =>
      registry(
        port,
        urls.filter((_url, j) => j !== i),
        `peer-${i}`,
      ),
    ),
  );
  const [first, second] = peers;
  assert.ok(first !== undefined && second !== undefined);
  await Promise.all(peers.map((peer) => peer.synced));
  const client = outsideClient({ registries: urls, app: "catalog", host: "host-1", port: 8_001 });
  try {
    await started(client);
    await waitFor("the second registry to know it", () => second.registry.find("catalog", "host-1"));
    await first.close();
    const renewed = (): number =>
      Math.max(...peers.slice(1).map((peer) => peer.registry.find("catalog", "host-1")?.renewedAtMs ?? 0));
    const before = renewed();
    await waitFor("heartbeats at another", () => renewed() > before);
    assert.deepEqual(hosts(client, "catalog"), ["host-1"]);
  } finally {
    await stopped(client);
    for (const peer of peers.slice(1)) await peer.close();
  }
});
