import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { SystemClock, silentLog } from "@holdfast/kernel";
import { waitFor } from "@holdfast/testing";
import type { DiscoveryEvents, DiscoveryInstances, DiscoveryView, DiscoveryWhy } from "@holdfast/wire/control";
import type { FastifyInstance } from "fastify";
import { Access } from "../src/control/api/access.ts";
import { discoveryRoutes } from "../src/control/api/discovery-routes.ts";
import { apiServer } from "../src/control/api/server.ts";
import { countDifferences, differencesOf, lasting } from "../src/discovery/agreement.ts";
import { Discovery } from "../src/discovery/discovery.ts";
import { groupByApp, zonesOf } from "../src/discovery/group-by-app.ts";
import type { RegistryPlace } from "../src/discovery/registries.ts";
import { freePort, recordOf, TestRegistries } from "./registries.ts";

const clock = new SystemClock();
const token = "t".repeat(64);

/** Control's discovery routes over some registries, as they are asked over HTTP. */
class Api implements AsyncDisposable {
  readonly #app: FastifyInstance;
  readonly #discovery: Discovery;

  constructor(places: readonly RegistryPlace[]) {
    this.#discovery = new Discovery(clock, places);
    const access = new Access(clock, token, 7_070);
    const routes = discoveryRoutes({ discovery: this.#discovery }, "operator");
    this.#app = apiServer(silentLog, access, routes, { consoleDirectory: undefined, openapi: () => ({}) });
  }

  async send(method: "GET" | "PUT" | "DELETE", url: string, body?: object, authorization = `Bearer ${token}`) {
    const headers = { host: "127.0.0.1:7070", authorization };
    const answer = await this.#app.inject({ method, url, headers, ...(body === undefined ? {} : { payload: body }) });
    return { status: answer.statusCode, body: answer.body === "" ? undefined : JSON.parse(answer.body) };
  }

  async get<T>(url: string): Promise<T> {
    const { status, body } = await this.send("GET", url);
    assert.equal(status, 200, JSON.stringify(body));
    return body as T;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#app.close();
    this.#discovery.close();
  }
}

test("three registries that list the same agree, and apps are shown by zone and status", async () => {
  await using registries = await TestRegistries.start(3);
  await using api = new Api(registries.places);
  registries.registry(0).register(recordOf("catalog", "i-1"));
  registries.registry(1).register(recordOf("catalog", "i-2", "STARTING", "zone-b"));
  registries.registry(2).register(recordOf("users", "i-3", "UP", "zone-c"));
  await waitFor("all to know all", () => [0, 1, 2].every((i) => registries.registry(i).summary().instances === 3));
  const view = await api.get<DiscoveryView>("/v1/discovery");
  assert.equal(view.sentence, "3 registries agree on 3 instances of 2 apps");
  assert.deepEqual([view.verdict, view.reasons, view.agreement.state], ["healthy", [], "agree"]);
  assert.deepEqual(
    view.registries.map(({ name, reachable, summary }) => `${name} ${reachable} ${summary?.instances}`),
    ["a true 3", "b true 3", "c true 3"],
  );
  assert.deepEqual(view.zones, ["zone-a", "zone-b", "zone-c"]);
  assert.deepEqual(view.apps[0], {
    app: "catalog",
    instances: 2,
    up: 1,
    zones: { "zone-a": { UP: 1 }, "zone-b": { STARTING: 1 } },
    serverGroups: ["movies-catalog-v001"],
    overridden: 0,
    held: 0,
  });
});

test("a registry that is down is named with its reason, and the next one answers", async () => {
  await using registries = await TestRegistries.start(2);
  await using api = new Api(registries.places);
  registries.registry(0).register(recordOf("catalog", "i-1"));
  await waitFor("both to know", () => registries.registry(1).summary().instances === 1);
  await registries.stop(0);
  const view = await api.get<DiscoveryView>("/v1/discovery");
  assert.equal(view.verdict, "degraded");
  assert.equal(view.sentence, "1 of 2 registries answers, and lists 1 instance of 1 app");
  assert.deepEqual(view.reasons, ["a does not answer: connection refused"]);
  const { registry, instances } = await api.get<DiscoveryInstances>("/v1/discovery/instances?app=CATALOG");
  assert.deepEqual([registry, instances.map(({ id }) => id)], ["b", ["i-1"]]);
});

test("with every registry down the overview says so, and each question is answered 503 with the reasons", async () => {
  const port = await freePort();
  await using api = new Api([{ name: "a", url: `http://127.0.0.1:${port}` }]);
  const view = await api.get<DiscoveryView>("/v1/discovery");
  assert.deepEqual([view.verdict, view.registry, view.apps], ["down", null, []]);
  const { status, body } = await api.send("GET", "/v1/discovery/instances");
  assert.deepEqual([status, body.code], [503, "REGISTRY_UNREACHABLE"]);
  assert.match(body.detail, /no registry answers: http:\/\/127\.0\.0\.1:\d+ does not answer: connection refused/);
});

test("a registry that hangs or talks nonsense costs a second, and the next one answers", async () => {
  await using registries = await TestRegistries.start(1);
  registries.registry(0).register(recordOf("catalog", "i-1"));
  const hung = createServer(() => {});
  const odd = createServer((_request, response) => response.end("<html>hello</html>"));
  const ports = [await freePort(), await freePort()];
  for (const [i, server] of [hung, odd].entries()) {
    await new Promise<void>((resolve) => server.listen(ports[i], "127.0.0.1", resolve));
  }
  try {
    const [h, o] = ports.map((port) => `http://127.0.0.1:${port}`);
    await using api = new Api([{ name: "hung", url: h ?? "" }, { name: "odd", url: o ?? "" }, registries.place(0)]);
    const started = performance.now();
    const { registry } = await api.get<DiscoveryInstances>("/v1/discovery/instances");
    assert.equal(registry, "a");
    assert.ok(performance.now() - started < 3_000, "bounded");
    const view = await api.get<DiscoveryView>("/v1/discovery");
    assert.deepEqual(view.reasons, [
      "hung does not answer: no answer within 1 s",
      "odd does not answer: its answer is not JSON: is that a registry?",
    ]);
  } finally {
    for (const server of [hung, odd]) {
      server.closeAllConnections();
      server.close();
    }
  }
});

test("registries that differ for longer than a change travels are told apart by instance", async () => {
  await using registries = await TestRegistries.start(2, true);
  await using api = new Api(registries.places);
  registries.registry(0).register(recordOf("catalog", "i-1"));
  const { verdict, sentence, agreement } = await api.get<DiscoveryView>("/v1/discovery");
  assert.deepEqual([verdict, agreement.state], ["degraded", "differ"]);
  assert.equal(sentence, "2 registries answer, and do not agree on 1 instance of 1 app");
  assert.deepEqual(agreement.differences, ["catalog/i-1 is missing at b; it is UP at a"]);
});

test("an override is set with its reason, seen, explained, in the log, and taken back", async () => {
  await using registries = await TestRegistries.start(2);
  await using api = new Api(registries.places);
  registries.registry(0).register(recordOf("catalog", "i-1"));
  await waitFor("both to know", () => registries.registry(1).summary().instances === 1);
  const path = "/v1/discovery/overrides/catalog/i-1";
  const set = await api.send("PUT", path, { status: "OUT_OF_SERVICE", reason: "disk makes noises" });
  assert.equal(set.status, 204);
  const why = await api.get<DiscoveryWhy>("/v1/discovery/instances/catalog/i-1/why");
  assert.deepEqual(
    [why.status, why.override?.by, why.override?.reason],
    ["OUT_OF_SERVICE", "operator", "disk makes noises"],
  );
  assert.match(why.summary, /operator's override outweighs its own UP/);
  const { instances } = await api.get<DiscoveryInstances>("/v1/discovery/instances?app=catalog");
  assert.equal(instances[0]?.override?.reason, "disk makes noises");
  assert.ok((instances[0]?.lease?.expiresInMs ?? 0) > 0);
  await waitFor("the others", () => registries.registry(1).overrides().length === 1);
  const view = await api.get<DiscoveryView>("/v1/discovery");
  assert.deepEqual([view.apps[0]?.overridden, view.overrides.length], [1, 1]);
  const log = await api.get<DiscoveryEvents>("/v1/discovery/events?app=catalog&id=i-1&limit=10");
  assert.ok(log.events.some(({ kind, by }) => kind === "override-set" && by === "operator"));
  const other = await api.get<DiscoveryEvents>("/v1/discovery/events?registry=b");
  assert.equal(other.registry, "b");
  assert.equal((await api.send("DELETE", path)).status, 204);
  await waitFor("the end to travel", () => registries.registry(1).overrides().length === 0);
  const after = await api.get<DiscoveryWhy>("/v1/discovery/instances/catalog/i-1/why");
  assert.deepEqual([after.status, after.override], ["UP", null]);
  assert.equal((await api.send("DELETE", "/v1/discovery/overrides/catalog/i-0")).status, 404);
});

test("the apps are shown as they were at a moment", async () => {
  await using registries = await TestRegistries.start(1);
  await using api = new Api(registries.places);
  registries.registry(0).register(recordOf("catalog", "i-1"));
  await clock.sleep(5);
  const at = new Date().toISOString();
  await clock.sleep(5);
  registries.registry(0).register(recordOf("catalog", "i-2"));
  const { cursor } = registries.registry(0).summary();
  registries.registry(0).remove(recordOf("catalog", "i-1").id, "catalog", "asked to", undefined);
  const then = await api.get<DiscoveryView>(`/v1/discovery?at=${at}`);
  assert.deepEqual([then.at, then.apps[0]?.instances], [at, 1]);
  const list = await api.get<DiscoveryInstances>(`/v1/discovery/instances?app=catalog&at=${cursor}`);
  assert.deepEqual(
    list.instances.map(({ id, lease }) => [id, lease]),
    [
      ["i-1", null],
      ["i-2", null],
    ],
  );
  const gone = await api.send("GET", "/v1/discovery?at=2001-01-01T00:00:00Z");
  assert.deepEqual([gone.status, gone.body.code], [410, "HISTORY_GONE"]);
  const bad = await api.send("GET", "/v1/discovery/instances?at=yesterday");
  assert.deepEqual([bad.status, bad.body.code], [400, "QUERY_INVALID"]);
});

test("what cannot be is refused with its code, and nothing is told without the token", async () => {
  await using registries = await TestRegistries.start(1);
  await using api = new Api(registries.places);
  const codeOf = async (method: "GET" | "PUT", path: string, body?: object) => {
    const answer = await api.send(method, path, body);
    return `${answer.status} ${answer.body.code}`;
  };
  assert.equal(await codeOf("GET", "/v1/discovery/instances/nobody/i-0/why"), "404 INSTANCE_UNKNOWN");
  assert.equal(await codeOf("GET", "/v1/discovery/events?registry=z"), "404 REGISTRY_UNKNOWN");
  assert.equal(await codeOf("GET", "/v1/discovery/events?limit=0"), "400 REQUEST_INVALID");
  const override = "/v1/discovery/overrides/nobody/i-0";
  assert.equal(await codeOf("PUT", override, { status: "UP", reason: "x" }), "404 INSTANCE_UNKNOWN");
  assert.equal(await codeOf("PUT", override, { status: "SLEEPY", reason: "x" }), "400 REQUEST_INVALID");
  assert.equal(await codeOf("PUT", override, { status: "UP", reason: " " }), "400 REQUEST_INVALID");
  for (const [method, path] of [
    ["GET", "/v1/discovery"],
    ["PUT", override],
    ["DELETE", override],
  ] as const) {
    assert.equal((await api.send(method, path, undefined, "Bearer no")).status, 401, `${method} ${path}`);
  }
  const long = "host.example.com:catalog:8080:".padEnd(128, "x");
  assert.equal(await codeOf("GET", `/v1/discovery/instances/catalog/${long}/why`), "404 INSTANCE_UNKNOWN");
});

test("a difference is missing, another status or another start, and one that passes is none", () => {
  const one = recordOf("catalog", "i-1");
  const listed = (name: string, ...instances: (typeof one)[]) => ({ name, instances });
  assert.deepEqual(differencesOf([listed("a", one), listed("b", one), listed("c", one)]), []);
  assert.deepEqual(differencesOf([listed("a", one), listed("b"), listed("c", { ...one, status: "DOWN" })]), [
    "catalog/i-1 is missing at b; it is UP at a; DOWN at c",
  ]);
  assert.deepEqual(differencesOf([listed("a", one), listed("b", { ...one, status: "DOWN" })]), [
    "catalog/i-1 is UP at a but DOWN at b",
  ]);
  assert.deepEqual(differencesOf([listed("a", one), listed("b", { ...one, incarnation: 1 })]), [
    "catalog/i-1 is known by different starts at a, b",
  ]);
  assert.deepEqual(lasting(["x", "y"], ["y", "z"]), ["y"]);
  assert.deepEqual(
    countDifferences([
      { name: "a", instances: 2, up: 2 },
      { name: "b", instances: 2, up: 2 },
    ]),
    [],
  );
  assert.deepEqual(
    countDifferences([
      { name: "a", instances: 3, up: 2 },
      { name: "b", instances: 2, up: 2 },
    ]),
    ["a: 3 instances, 2 up", "b: 2 instances, 2 up"],
  );
});

test("instances without a zone come last, and special ones are counted by app", () => {
  const instances = [
    recordOf("b", "i-1", "UP", ""),
    recordOf("a", "i-2", "DOWN", "z2"),
    recordOf("a", "i-3", "UP", "z1"),
  ];
  assert.deepEqual(zonesOf(instances), ["z1", "z2", ""]);
  const apps = groupByApp(instances, [{ app: "a" }], new Map([["b", 2]]));
  assert.deepEqual(
    apps.map(({ app, up, instances: all, overridden, held }) => [app, up, all, overridden, held]),
    [
      ["a", 1, 2, 1, 0],
      ["b", 1, 1, 0, 2],
    ],
  );
});
