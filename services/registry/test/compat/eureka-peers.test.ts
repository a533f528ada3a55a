import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog } from "@holdfast/kernel";
import { settle } from "@holdfast/testing";
import {
  decodeReplicationList,
  type EurekaReplication,
  type EurekaReplicationAnswer,
  encodeReplicationAnswers,
} from "@holdfast/wire/eureka";
import { AsgGroups } from "../../src/compat/asg-groups.ts";
import { EurekaActions } from "../../src/compat/eureka-actions.ts";
import type { EurekaCall, EurekaCallRequest, EurekaCallResult } from "../../src/compat/eureka-call.ts";
import { EurekaPeers } from "../../src/compat/eureka-peers.ts";
import { recordOf } from "../records.ts";
import { instanceOf, standAlone } from "./instances.ts";

type Reaction = (items: readonly EurekaReplication[]) => EurekaCallResult | Promise<EurekaCallResult>;

/** An Eureka server as seen from here: what it was told, and how it reacts. */
class FakeServer {
  readonly batches: EurekaReplication[][] = [];
  readonly others: string[] = [];
  readonly atMs: number[] = [];
  reactToOthers: EurekaCallResult = { kind: "answer", status: 200, text: "" };
  react: Reaction = (items) => answered(items.map(() => ({ statusCode: 200 })));

  async take(request: EurekaCallRequest, nowMs: number): Promise<EurekaCallResult> {
    if (!request.url.endsWith("/peerreplication/batch/")) {
      this.others.push(`${request.method} ${request.url}`);
      return this.reactToOthers;
    }
    assert.equal(request.headers["x-netflix-discovery-replication"], "true");
    const items = decodeReplicationList(request.body ?? "");
    this.batches.push(items);
    this.atMs.push(nowMs);
    return this.react(items);
  }

  get said(): string[] {
    return this.batches.flat().map((item) => `${item.action} ${item.appName}/${item.id}`);
  }
}

function answered(answers: EurekaReplicationAnswer[]): EurekaCallResult {
  return { kind: "answer", status: 200, text: encodeReplicationAnswers(answers) };
}

async function setUp(urls = ["http://one/eureka/v2/"]) {
  const alone = await standAlone();
  const { clock, registry } = alone;
  const servers = new Map(urls.map((url) => [url, new FakeServer()]));
  const call: EurekaCall = (request) => {
    const found = [...servers].find(([url]) => request.url.startsWith(url));
    assert.ok(found !== undefined, request.url);
    return found[1].take(request, clock.monotonicMs());
  };
  const peers = new EurekaPeers(clock, silentLog, registry, urls, call);
  const defaults = { profile: "fast", region: "r", zone: "z" } as const;
  const actions = new EurekaActions(registry, new AsgGroups(), defaults, peers.onAction);
  peers.use(actions);
  const [server = assert.fail()] = servers.values();
  return {
    clock,
    registry,
    actions,
    peers,
    server,
    servers: [...servers.values()],
    [Symbol.asyncDispose]: async (): Promise<void> => {
      peers.close();
      await alone[Symbol.asyncDispose]();
    },
  };
}

const order = { lastDirtyTimestamp: undefined, replication: false };

test("what clients do here is told half a second later, in the order it was done", async () => {
  await using world = await setUp();
  const { clock, actions, server } = world;
  actions.register(instanceOf("i-1"), false);
  actions.heartbeat("api", "i-1", undefined, false);
  actions.override("api", "i-1", { ...order, value: "OUT_OF_SERVICE" });
  actions.register(instanceOf("i-2"), false);
  actions.cancel("api", "i-2", false);
  await clock.advance(499);
  assert.deepEqual(server.said, []);
  await clock.advance(1);
  assert.deepEqual(server.said, ["Register API/i-1", "Heartbeat API/i-1", "StatusUpdate API/i-1", "Cancel API/i-2"]);
  const [register, , status] = server.batches[0] ?? [];
  assert.equal(register?.instanceInfo?.hostName, "i-1.host");
  assert.deepEqual([status?.status, status?.overriddenStatus], ["OUT_OF_SERVICE", "OUT_OF_SERVICE"]);
});

test("what an Eureka server told us is not told on", async () => {
  await using world = await setUp();
  const { clock, actions, server } = world;
  actions.register(instanceOf("i-1"), true);
  actions.heartbeat("api", "i-1", undefined, true);
  actions.override("api", "i-1", { ...order, value: "OUT_OF_SERVICE", replication: true });
  actions.cancel("api", "i-1", true);
  await clock.advance(60_000);
  assert.deepEqual(server.said, []);
});

test("of one thing only the newest is told, and it comes after what was said in between", async () => {
  await using world = await setUp();
  const { clock, actions, server } = world;
  actions.register(instanceOf("i-1", { metadata: { n: "1" } }), false);
  for (let i = 0; i < 20; i++) actions.heartbeat("api", "i-1", undefined, false);
  actions.cancel("api", "i-1", false);
  actions.register(instanceOf("i-1", { metadata: { n: "2" } }), false);
  await clock.advance(500);
  assert.deepEqual(server.said, ["Heartbeat API/i-1", "Cancel API/i-1", "Register API/i-1"]);
  assert.equal(server.batches[0]?.[2]?.instanceInfo?.metadata["n"], "2");
});

test("batches have at most 250 items, and a full one does not wait", async () => {
  await using world = await setUp();
  const { clock, actions, server } = world;
  for (let i = 0; i < 300; i++) actions.register(instanceOf(`i-${i}`), false);
  await clock.advance(1);
  assert.deepEqual(
    server.batches.map((batch) => batch.length),
    [250],
  );
  await clock.advance(500);
  assert.deepEqual(
    server.batches.map((batch) => batch.length),
    [250, 50],
  );
});

test("of more than 10,000 things that wait the oldest are dropped", async () => {
  await using world = await setUp();
  const { clock, actions, server, peers } = world;
  server.react = () => new Promise(() => {});
  for (let i = 0; i < 250; i++) actions.register(instanceOf(`first-${i}`), false);
  await clock.advance(1);
  for (let i = 0; i < 10_010; i++) actions.register(instanceOf(`i-${i}`), false);
  assert.deepEqual([peers.peers[0]?.queued, peers.peers[0]?.dropped], [10_000, 10]);
});

test("a heartbeat the other server does not know is followed by our copy", async () => {
  await using world = await setUp();
  const { clock, actions, server } = world;
  actions.register(instanceOf("i-1"), false);
  await clock.advance(500);
  server.react = (items) => answered(items.map((item) => ({ statusCode: item.action === "Heartbeat" ? 404 : 200 })));
  actions.heartbeat("api", "i-1", undefined, false);
  await clock.advance(1_000);
  assert.deepEqual(server.said, ["Register API/i-1", "Heartbeat API/i-1", "Register API/i-1"]);
});

test("a heartbeat answered 409 with a newer copy takes that copy, override included", async () => {
  await using world = await setUp();
  const { clock, registry, actions, server } = world;
  actions.register(instanceOf("i-1", { lastDirtyTimestamp: 1_000 }), false);
  await clock.advance(500);
  const theirs = { lastDirtyTimestamp: 2_000, metadata: { n: "theirs" }, overriddenStatus: "OUT_OF_SERVICE" } as const;
  const responseEntity = instanceOf("i-1", { ...theirs, status: "OUT_OF_SERVICE" });
  server.react = () => answered([{ statusCode: 409, responseEntity }]);
  actions.heartbeat("api", "i-1", undefined, false);
  await clock.advance(1_000);
  const held = registry.find("api", "i-1");
  assert.deepEqual([held?.record.metadata["n"], held?.status], ["theirs", "OUT_OF_SERVICE"]);
  assert.deepEqual(server.said, ["Register API/i-1", "Heartbeat API/i-1"]);
});

test("an answer about another instance is not taken", async () => {
  await using world = await setUp();
  const { clock, registry, actions, server } = world;
  actions.register(instanceOf("i-1"), false);
  await clock.advance(500);
  server.react = () => answered([{ statusCode: 409, responseEntity: instanceOf("i-2", { app: "EVIL" }) }]);
  actions.heartbeat("api", "i-1", undefined, false);
  await clock.advance(1_000);
  assert.deepEqual([registry.size, registry.apps()], [1, ["api"]]);
});

test("503 and a timeout are congestion: a second of pause, then the same again", async () => {
  for (const result of [
    { kind: "answer", status: 503, text: "" },
    { kind: "timeout", reason: "slow" },
  ] as const) {
    await using world = await setUp();
    const { clock, actions, server } = world;
    server.react = () => result;
    actions.register(instanceOf("i-1"), false);
    await clock.advance(500 + 999);
    assert.deepEqual(server.atMs, [500]);
    await clock.advance(1);
    assert.deepEqual(server.atMs, [500, 1_500]);
    assert.deepEqual(server.said, ["Register API/i-1", "Register API/i-1"]);
  }
});

test("a server that cannot be reached is tried each 100 ms, until what it was to hear is no news any more", async () => {
  await using world = await setUp();
  const { clock, actions, server, peers } = world;
  server.react = () => ({ kind: "unreachable", reason: "refused" });
  actions.register(instanceOf("i-1"), false);
  await clock.advance(1_000);
  assert.deepEqual(server.atMs, [500, 600, 700, 800, 900, 1_000]);
  assert.equal(peers.peers[0]?.trouble, "refused");
  await clock.advance(30_000);
  const tries = server.atMs.length;
  await clock.advance(10_000);
  assert.deepEqual([server.atMs.length, peers.peers[0]?.queued], [tries, 0]);
});

test("any other refusal, and an answer that cannot be read, drops the batch", async () => {
  const results: EurekaCallResult[] = [
    { kind: "answer", status: 400, text: "" },
    { kind: "answer", status: 500, text: "" },
    { kind: "answer", status: 200, text: "not JSON" },
    { kind: "answer", status: 200, text: '{"responseList":[]}' },
  ];
  for (const result of results) {
    await using world = await setUp();
    const { clock, actions, server } = world;
    server.react = () => result;
    actions.register(instanceOf("i-1"), false);
    await clock.advance(20_000);
    assert.deepEqual(server.said, ["Register API/i-1"], JSON.stringify(result));
  }
});

test("a server that does not answer holds up no other", async () => {
  await using world = await setUp(["http://one/eureka/", "http://two/eureka/"]);
  const { clock, actions, servers } = world;
  const [hung = assert.fail(), well = assert.fail()] = servers;
  hung.react = () => new Promise(() => {});
  for (let i = 0; i < 3; i++) {
    actions.register(instanceOf(`i-${i}`), false);
    await clock.advance(500);
  }
  assert.deepEqual([hung.batches.length, well.batches.length], [1, 3]);
});

test("instances of ours are registered, kept alive each 30 s and taken out at Eureka servers", async () => {
  await using world = await setUp();
  const { clock, registry, server } = world;
  registry.register(recordOf("i-1", { leaseMs: 80_000 }));
  await clock.advance(1_000);
  const [first] = server.batches[0] ?? [];
  assert.deepEqual(server.said, ["Register CATALOG/i-1"]);
  assert.equal(first?.instanceInfo?.vipAddress, "catalog");
  await clock.advance(60_000);
  assert.deepEqual(server.said.slice(1), ["Heartbeat CATALOG/i-1", "Heartbeat CATALOG/i-1"]);
  await clock.advance(30_000);
  assert.equal(registry.size, 0);
  assert.equal(server.said.at(-1), "Cancel CATALOG/i-1");
});

test("what another server says of an instance of ours is not believed", async () => {
  await using world = await setUp();
  const { clock, registry, server } = world;
  registry.register(recordOf("i-1", { leaseMs: 80_000 }));
  const responseEntity = instanceOf("i-1", { app: "CATALOG", status: "DOWN", lastDirtyTimestamp: 9e12 });
  server.react = (items) => answered(items.map(() => ({ statusCode: 409, responseEntity })));
  await clock.advance(32_000);
  assert.deepEqual(
    [registry.find("catalog", "i-1")?.status, registry.find("catalog", "i-1")?.record.eureka],
    ["UP", undefined],
  );
});

test("a group's status is told to each server, not in a batch", async () => {
  await using world = await setUp();
  world.actions.setAsg("API v1", "DISABLED", false);
  world.actions.setAsg("API v1", "ENABLED", true);
  await settle();
  assert.deepEqual(world.server.others, ["PUT http://one/eureka/v2/asg/API%20v1/status?value=DISABLED"]);
});

test("a group's status is told again each second for half a minute, and no longer once the registry closes", async () => {
  await using world = await setUp();
  const { clock, actions, server, peers } = world;
  server.reactToOthers = { kind: "unreachable", reason: "refused" };
  actions.setAsg("one", "DISABLED", false);
  await clock.advance(60_000);
  assert.equal(server.others.length, 30);
  actions.setAsg("two", "DISABLED", false);
  await clock.advance(1_500);
  peers.close();
  await clock.advance(60_000);
  assert.equal(server.others.length, 32);
});

test("without Eureka servers nothing waits and no timer runs", async () => {
  await using alone = await standAlone();
  alone.registry.register(recordOf("i-1"));
  const before = alone.clock.pendingTimers;
  const peers = new EurekaPeers(alone.clock, silentLog, alone.registry, [], () => assert.fail("nobody is called"));
  peers.onAction({ kind: "heartbeat", app: "catalog", id: "i-1" });
  assert.deepEqual([alone.clock.pendingTimers, peers.peers.length], [before, 0]);
  peers.close();
});
