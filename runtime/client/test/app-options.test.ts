import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { BalancedClient, type ClientOptions } from "@holdfast/client";
import { Config } from "@holdfast/config";
import { SeededRandom, SystemClock } from "@holdfast/kernel";
import { waitFor } from "@holdfast/testing";
import type { AttemptReport } from "@holdfast/wire";
import { answerStatus, Backend, keepSilent, resetAtOnce, WrittenList } from "./backends.ts";

afterEach(() => Backend.endAll());

interface World extends AsyncDisposable {
  readonly backends: readonly Backend[];
  readonly config: Config;
  readonly list: WrittenList;
  readonly client: BalancedClient;
}

async function world(count: number, options: Partial<ClientOptions> = {}): Promise<World> {
  const backends = await Promise.all(Array.from({ length: count }, (_, i) => Backend.start(`i-${i}`)));
  const config = new Config();
  const list = new WrittenList(backends.map((one) => one.record()));
  const client = new BalancedClient(list, new SystemClock(), new SeededRandom(5), options, { config });
  return { backends, config, list, client, [Symbol.asyncDispose]: () => client.close() };
}

async function answeredBy(client: BalancedClient, count: number, init = {}): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) ids.push(await (await client.service("catalog").fetch("/", init)).text());
  return ids;
}

test("a service has options of its own, and Ribbon's keys change them while calls are made", async () => {
  await using w = await world(3);
  w.client.service("catalog", { picker: "sticky" });
  assert.deepEqual(new Set(await answeredBy(w.client, 10, { stickyTo: "i-1" })), new Set(["i-1"]));
  w.config.set("runtime", "catalog.ribbon.NFLoadBalancerRuleClassName", "com.netflix.loadbalancer.RoundRobinRule");
  assert.equal(w.client.report("catalog")?.picker, "round-robin");
  const ids = await answeredBy(w.client, 9, { stickyTo: "i-1" });
  for (const id of ["i-0", "i-1", "i-2"]) assert.equal(ids.filter((one) => one === id).length, 3);
  w.config.set("runtime", "catalog.ribbon.NFLoadBalancerRuleClassName", "NoSuchRule");
  assert.equal(w.client.report("catalog")?.picker, "sticky");
});

test("calls with one hash key go to one server, those with others to others", async () => {
  await using w = await world(3, { picker: "consistent-hash" });
  const owners = new Set<string>();
  for (const hashKey of ["ann", "bob", "cid", "dan", "eve", "fay"]) {
    const ids = new Set(await answeredBy(w.client, 6, { hashKey }));
    assert.equal(ids.size, 1, hashKey);
    for (const id of ids) owners.add(id);
  }
  assert.ok(owners.size > 1);
});

test("a try that has had its time is given up and made again elsewhere; a POST is not", async () => {
  await using w = await world(2, { hedgeMinMs: 5_000, hedgeMaxMs: 5_000 });
  w.config.set("runtime", "ribbon.ReadTimeout", 60);
  const [silent] = w.backends;
  assert.ok(silent !== undefined);
  silent.behaviour = keepSilent;
  let attempts: readonly AttemptReport[] = [];
  for (let i = 0; i < 10 && attempts.length < 2; i++) {
    const response = await w.client.service("catalog").fetch("/", { onAttempts: (told) => (attempts = told) });
    assert.equal(await response.text(), "i-1");
  }
  assert.deepEqual(
    attempts.map(({ kind, outcome }) => `${kind} ${outcome}`),
    ["first silent", "retry 200"],
  );
  w.list.set("catalog", [silent.record()]);
  const executions = silent.executions;
  const post = w.client.service("catalog").fetch("/", { method: "POST", body: "x" });
  await assert.rejects(post, { code: "CALL_TIMED_OUT" });
  assert.equal(silent.executions, executions + 1);
});

test("where doubles do no harm, a POST is made again too", async () => {
  await using w = await world(2);
  w.config.set("runtime", "catalog.ribbon.OkToRetryOnAllOperations", true);
  const [bad] = w.backends;
  assert.ok(bad !== undefined);
  bad.behaviour = resetAtOnce;
  for (let i = 0; i < 6; i++) {
    const response = await w.client.service("catalog").fetch("/", { method: "POST", body: "x" });
    assert.equal(await response.text(), "i-1");
  }
  assert.ok(bad.executions >= 1);
});

test("what is said of a server can change without losing its connections: its version, its zone", async () => {
  await using w = await world(2, { match: { version: "b" } });
  const [a, b] = w.backends;
  assert.ok(a !== undefined && b !== undefined);
  w.list.set("catalog", [a.record({ metadata: { version: "b" } }), b.record({ metadata: { version: "a" } })]);
  assert.deepEqual(new Set(await answeredBy(w.client, 8)), new Set(["i-0"]));
  const { connections } = a;
  w.list.set("catalog", [
    a.record({ metadata: { version: "a" }, zone: "x" }),
    b.record({ metadata: { version: "b" }, zone: "y" }),
  ]);
  assert.deepEqual(new Set(await answeredBy(w.client, 8)), new Set(["i-1"]));
  assert.equal(a.connections, connections);
  assert.deepEqual(
    w.client.explain("catalog").map(({ zone }) => zone),
    ["x", "y"],
  );
});

test("no call leaves its zone where that is forbidden, and warmed servers have a connection before their first call", async () => {
  await using w = await world(3, { zone: "a", zoneOnly: true, warmUpPath: "/warm" });
  const [near, far, late] = w.backends;
  assert.ok(near !== undefined && far !== undefined && late !== undefined);
  const records = [near.record({ zone: "a" }), far.record({ zone: "b" })];
  w.list.set("catalog", records);
  const url: string[] = [];
  late.behaviour = (req, res) => {
    url.push(String(req.url));
    res.end(late.id);
  };
  near.behaviour = answerStatus(503);
  for (let i = 0; i < 8; i++) assert.equal((await w.client.service("catalog").fetch("/")).status, 503);
  await waitFor("the far server's warm-up", () => far.executions === 1);
  w.list.set("catalog", [...records, late.record({ zone: "b" })]);
  await waitFor("the new server to be warmed", () => late.executions === 1);
  assert.deepEqual(url, ["/warm"]);
});

test("absurd options are refused by their path, for the client and for one service", async () => {
  await using w = await world(1);
  for (const [options, path] of [
    [{ triesMax: 0 }, /triesMax/],
    [{ timeoutMs: Number.NaN }, /timeoutMs/],
    [{ budgetShare: 2 }, /budgetShare/],
    [{ outlier: { interval: 0 } }, /outlier\.interval/],
    [{ picker: "best" }, /best/],
  ] as const) {
    assert.throws(() => w.client.service("catalog", options), path);
    assert.throws(() => new BalancedClient(w.list, new SystemClock(), new SeededRandom(1), options), path);
  }
  w.config.set("runtime", "catalog.ribbon.ConnectTimeout", "soon");
  assert.equal((await w.client.service("catalog").fetch("/")).status, 200);
});
