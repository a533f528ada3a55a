import assert from "node:assert/strict";
import { test } from "node:test";
import { waitFor } from "@holdfast/testing";
import { asJson, Door } from "./door.ts";
import { instanceOf } from "./instances.ts";

test("profile compat insists on gzip for lists, where Netflix's filter stands, and nowhere else", async () => {
  await using door = await Door.open({ profile: "compat" });
  await door.register(instanceOf("i-1"));
  for (const path of ["/eureka/v2/apps", "/v2/apps/delta", "/eureka/v2/apps/API"]) {
    const forced = await door.get(path, asJson);
    assert.deepEqual([forced.status, forced.headers["content-encoding"]], [200, "gzip"], path);
    const asked = await door.get(path, { ...asJson, "accept-encoding": "gzip" });
    assert.deepEqual([asked.status, asked.headers["content-encoding"]], [200, "gzip"], path);
    assert.equal((await door.get(path, { ...asJson, "accept-encoding": "deflate" })).status, 406, path);
  }
  for (const path of ["/eureka/apps", "/eureka/v2/apps/API/i-1", "/eureka/v2/status"]) {
    const plain = await door.get(path, { ...asJson, "accept-encoding": "deflate" });
    assert.deepEqual([plain.status, plain.headers["content-encoding"]], [200, undefined], path);
  }
});

test("profile fast leaves the encoding to the client", async () => {
  await using door = await Door.open();
  const plain = await door.get("/eureka/v2/apps", { ...asJson, "accept-encoding": "deflate" });
  assert.deepEqual([plain.status, plain.headers["content-encoding"]], [200, undefined]);
});

test("with a rate limit, fetches past it get 503; Eureka's own clients, named ones and everything else do not", async () => {
  const rateLimit = {
    burstSize: 2,
    registryFetchAverageRate: 0.001,
    fullFetchAverageRate: 0.001,
    privilegedClients: ["ops"],
  };
  await using door = await Door.open({ rateLimit });
  await door.register(instanceOf("i-1"));
  const statuses: number[] = [];
  for (let i = 0; i < 4; i++) statuses.push((await door.get("/eureka/v2/apps")).status);
  assert.deepEqual(statuses, [200, 200, 503, 503]);
  assert.equal((await door.get("/eureka/v2/apps/delta?regions=")).status, 503);
  for (const name of ["DefaultClient", "DefaultServer", "ops"]) {
    assert.equal((await door.get("/eureka/v2/apps/", { ...asJson, "discoveryidentity-name": name })).status, 200, name);
  }
  assert.equal((await door.get("/eureka/v2/apps/API/i-1")).status, 200);
  assert.equal((await door.send("PUT", "/eureka/v2/apps/API/i-1")).status, 200);
});

test("a registry that drains sends clients of both kinds to a peer, to the same path", async () => {
  await using peer = await Door.open({ name: "b" });
  await using door = await Door.open({ name: "a", peers: [peer.running.url] });
  await waitFor("the peer", () => door.registry.peers()[0]?.state === "up" && door.registry.serving);
  await door.register(instanceOf("i-1"));
  door.running.drain();
  for (const [method, path] of [
    ["GET", "/eureka/v2/apps?x=1"],
    ["PUT", "/eureka/apps/API/i-1?status=UP"],
    ["DELETE", "/v2/apps/API/i-1"],
  ] as const) {
    const reply = await door.send(method, path);
    assert.deepEqual([reply.status, reply.headers.location], [307, `${peer.running.url}${path}`], method);
  }
  assert.equal((await door.get("/eureka/status")).status, 200);
});

test("in profile compat a registry that still asks its peers answers readers 403 and takes registrations", async () => {
  await using door = await Door.open({ profile: "compat", peers: ["http://127.0.0.1:9"] });
  for (const path of [
    "/eureka/v2/apps",
    "/eureka/apps/delta",
    "/eureka/apps/API",
    "/eureka/vips/x",
    "/eureka/instances/i-1",
  ]) {
    assert.equal((await door.get(path)).status, 403, path);
  }
  assert.equal((await door.register(instanceOf("i-1"))).status, 204);
  assert.equal((await door.send("PUT", "/eureka/apps/API/i-1")).status, 200);
});
