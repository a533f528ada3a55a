import assert from "node:assert/strict";
import { test } from "node:test";
import { Discovery, Registration } from "@holdfast/discovery";
import { type InstanceId, SystemClock, silentLog, systemRandom } from "@holdfast/kernel";
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
