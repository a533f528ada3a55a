import assert from "node:assert/strict";
import { test } from "node:test";
import type { DiscoveryOptions } from "@holdfast/discovery";
import { FakeClock, waitFor } from "@holdfast/testing";
import { FakeNetwork } from "../fake-network.ts";
import { FakeRegistry, recordOf } from "../fake-registry.ts";
import { Listening } from "../listening.ts";
import { FakeEureka, type FakeInstance } from "./fake-eureka.ts";

const base = "http://eureka:8761";
const one: FakeInstance = { app: "CATALOG", instanceId: "host-1", status: "UP" };
const two: FakeInstance = { app: "CATALOG", instanceId: "host-2", status: "UP" };

/** A listener that polls over a fake wire. */
function poll(clock: FakeClock, network: FakeNetwork, more: Partial<DiscoveryOptions> = {}): Listening {
  return new Listening(clock, { registries: [base], kind: "eureka", transport: network, pollMs: 30_000, ...more });
}

function over(clock: FakeClock, eureka: FakeEureka): FakeNetwork {
  const network = new FakeNetwork(clock);
  network.hosts.set(base, eureka.answerer);
  return network;
}

test("a server without our stream is polled in Eureka's words: packed JSON, whole at first, then what changed", async () => {
  const clock = new FakeClock();
  await using eureka = await new FakeEureka().listen();
  eureka.has(one);
  await using discovery = new Listening(clock, { registries: [`http://user:s%3Acret@127.0.0.1:${eureka.port}`] });
  await waitFor("the view", () => discovery.ids.length === 1);
  eureka.changes({ ...two, actionType: "ADDED" }, { ...one, status: "DOWN", actionType: "MODIFIED" });

  await clock.advance(33_000);
  await waitFor("the change", () => discovery.ids.length === 2);

  assert.deepEqual(
    eureka.asked.map(({ line }) => line),
    ["GET /v1/registry/stream", "GET /eureka/apps/", "GET /eureka/apps/delta"],
  );
  const { headers } = eureka.asked[1] ?? assert.fail();
  assert.equal(headers["accept-encoding"], "gzip");
  assert.equal(headers.accept, "application/json");
  assert.equal(headers["x-eureka-accept"], "full");
  assert.equal(headers.authorization, `Basic ${Buffer.from("user:s:cret").toString("base64")}`);
  assert.deepEqual(discovery.statuses.toSorted(), ["DOWN", "UP"]);
  assert.ok(discovery.state.kind === "live" && discovery.state.via === "poll");
  assert.doesNotMatch(discovery.state.registry, /cret/);
});

test("the server is found under Spring Cloud's path, Netflix's, the root's, and the one that was named", async () => {
  for (const [context, path] of [
    ["/eureka", ""],
    ["/eureka/v2", ""],
    ["/v2", "/"],
    ["/eureka", "/eureka/"],
    ["/eureka/v2", "/eureka"],
    ["/eureka/v2", "/eureka/v2"],
    ["/discovery", "/discovery/"],
  ] as const) {
    const clock = new FakeClock();
    const eureka = new FakeEureka(context);
    eureka.has(one);
    const network = new FakeNetwork(clock);
    network.hosts.set(`${base}${path}`, eureka.answerer);
    await using discovery = poll(clock, network, { registries: [`${base}${path}`] });
    await clock.advance(0);
    assert.deepEqual(discovery.ids, ["host-1"], `${context} at ${path}`);

    network.calls.length = 0;
    await clock.advance(33_000);
    assert.deepEqual(network.lines(), [`GET ${context}/apps/delta`]);
  }
});

test("a delta whose hash does not fit is followed by the whole list at once", async () => {
  const clock = new FakeClock();
  const eureka = new FakeEureka();
  eureka.has(one);
  const network = over(clock, eureka);
  await using discovery = poll(clock, network);
  await clock.advance(0);
  // It came while we did not look, and has gone from the delta queue since.
  eureka.has(two);

  await clock.advance(33_000);

  assert.deepEqual(network.lines(), ["GET /eureka/apps/", "GET /eureka/apps/delta", "GET /eureka/apps/"]);
  assert.deepEqual(discovery.ids, ["host-1", "host-2"]);
});

test("instances of other regions are asked for by name", async () => {
  const clock = new FakeClock();
  const network = over(clock, new FakeEureka());
  await using _discovery = poll(clock, network, { regions: ["eu-1", "us east"] });

  await clock.advance(33_000);

  const query = "?regions=eu-1,us%20east";
  assert.deepEqual(network.lines(), [`GET /eureka/apps/${query}`, `GET /eureka/apps/delta${query}`]);
});

test("two apps may hold the same id", async () => {
  const clock = new FakeClock();
  const eureka = new FakeEureka();
  eureka.has(one, { ...one, app: "USERS" });
  await using discovery = poll(clock, over(clock, eureka));
  await clock.advance(0);
  eureka.changes({ ...one, actionType: "DELETED" });
  await clock.advance(33_000);

  assert.deepEqual(discovery.ids, []);
  assert.deepEqual(
    discovery.instances("users").map(({ id }) => id),
    ["host-1"],
  );
});

test("a server that takes too long is asked less and less often, down to a tenth; the view stays", async () => {
  const clock = new FakeClock();
  const eureka = new FakeEureka();
  eureka.has(one);
  const network = over(clock, eureka);
  await using discovery = poll(clock, network);
  await clock.advance(0);
  network.hosts.set(base, () => "hangs");
  network.calls.length = 0;

  await clock.advance(3_600_000);

  const gapsMs = network.calls.slice(1).map(({ atMs }, index) => atMs - (network.calls[index]?.atMs ?? 0));
  // 60, 120, 240, 300, 300 … seconds, each 0.5 to 1.5 times.
  assert.ok((gapsMs[0] ?? 0) >= 30_000, `${gapsMs[0]} ms`);
  assert.ok(
    gapsMs.slice(3).every((gapMs) => gapMs >= 150_000 && gapMs <= 460_000),
    gapsMs.join(" "),
  );
  assert.ok(network.calls.length > 8);
  assert.deepEqual(discovery.ids, ["host-1"]);
  assert.equal(discovery.state.kind, "stale");
});

test("a server that refuses connections is tried again within seconds, with a delta when not much time is lost", async () => {
  const clock = new FakeClock();
  const eureka = new FakeEureka();
  eureka.has(one);
  const network = over(clock, eureka);
  await using discovery = poll(clock, network);
  await clock.advance(0);
  network.hosts.delete(base);
  await clock.advance(60_000);
  assert.equal(discovery.state.kind, "stale");

  network.hosts.set(base, eureka.answerer);
  eureka.changes({ ...two, actionType: "ADDED" });
  network.calls.length = 0;
  await clock.advance(4_600);

  assert.deepEqual(discovery.ids, ["host-1", "host-2"]);
  assert.deepEqual(network.lines(), ["GET /eureka/apps/delta"]);
  network.hosts.delete(base);
  await clock.advance(200_000);
  network.hosts.set(base, eureka.answerer);
  network.calls.length = 0;
  await clock.advance(4_600);
  assert.deepEqual(network.lines(), ["GET /eureka/apps/"]);
});

test("when its server dies or only answers errors, the next one is asked at once", async () => {
  const clock = new FakeClock();
  const [first, second] = [new FakeEureka(), new FakeEureka()];
  for (const eureka of [first, second]) eureka.has(one);
  const network = over(clock, first);
  network.hosts.set("http://second", second.answerer);
  await using discovery = poll(clock, network, { registries: [base, "http://second"] });
  await clock.advance(0);

  first.failing = 503;
  second.changes({ ...two, actionType: "ADDED" });
  await clock.advance(33_000);

  assert.deepEqual(network.lines("http://second"), ["GET /eureka/apps/delta"]);
  assert.deepEqual(discovery.ids, ["host-1", "host-2"]);
  first.failing = undefined;
  network.calls.length = 0;
  await clock.advance(40_000);
  assert.ok(network.lines(base).includes("GET /eureka/apps/delta"), "back to the own zone's");
});

test("a server restarted empty empties nobody for three heartbeats; a delta that says so takes one out at once", async () => {
  const clock = new FakeClock();
  const eureka = new FakeEureka();
  eureka.has(one, two);
  await using discovery = poll(clock, over(clock, eureka));
  await clock.advance(0);
  eureka.instances.clear();
  await clock.advance(33_000);
  assert.equal(discovery.ids.length, 2);
  const heldMs = clock.monotonicMs();

  eureka.changes({ ...two, actionType: "ADDED" });
  await clock.advance(90_000);
  assert.deepEqual(discovery.ids, ["host-2"]);
  assert.ok(clock.monotonicMs() - heldMs <= 90_000);

  eureka.changes({ ...two, actionType: "DELETED" });
  await clock.advance(33_000);
  assert.deepEqual(discovery.ids, []);
});

test("a server whose answers cannot be read is left, and the view stays", async () => {
  for (const text of ["<html>", '{"applications":7}', "", "[]"]) {
    const clock = new FakeClock();
    const eureka = new FakeEureka();
    eureka.has(one);
    const network = over(clock, eureka);
    await using discovery = poll(clock, network);
    await clock.advance(0);

    network.hosts.set(base, () => ({ status: 200, text }));
    await clock.advance(40_000);

    assert.deepEqual(discovery.ids, ["host-1"], text);
    assert.equal(discovery.state.kind, "stale", text);
  }
});

test("what speaks neither is said to", async () => {
  const clock = new FakeClock();
  const network = new FakeNetwork(clock);
  network.hosts.set(base, () => ({ status: 404 }));
  await using discovery = poll(clock, network);
  await clock.advance(1_000);
  assert.equal(discovery.state.kind, "connecting");
  assert.ok(network.lines().includes("GET /v2/apps/"));
});

test("a registry of ours in a former Eureka server's place is streamed from again", async () => {
  const clock = new FakeClock();
  const eureka = await new FakeEureka().listen();
  eureka.has(one);
  const { port } = eureka;
  await using discovery = new Listening(clock, { registries: [`http://127.0.0.1:${port}`] });
  await waitFor("the view", () => discovery.ids.length === 1);
  await eureka[Symbol.asyncDispose]();

  await using registry = await FakeRegistry.start(port);
  registry.shows([recordOf("i-1")]);
  await waitFor("the stream", async () => {
    await clock.advance(1_000);
    registry.beat();
    return discovery.state.kind === "live" && discovery.state.via === "stream";
  });
  assert.ok(discovery.ids.includes("i-1"));
});

test("asked to poll one of ours it does so each three seconds", async () => {
  const clock = new FakeClock();
  const eureka = new FakeEureka();
  const network = new FakeNetwork(clock);
  network.hosts.set(base, (call) =>
    call.path === "/v1/registry/health"
      ? { status: 200, text: '{"synced":true,"cursor":"a:1:1"}' }
      : eureka.answerer(call),
  );
  const { answerer } = eureka;
  assert.equal(typeof answerer, "function");
  await using _discovery = poll(clock, network, { pollMs: undefined });
  await clock.advance(30_000);

  const polls = network.lines().filter((line) => line.includes("/apps")).length;
  assert.ok(polls >= 9 && polls <= 12, `${polls} polls in 30 s`);
});
