import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { waitFor } from "@holdfast/testing";
import { SseDecoder, type SseEvent } from "@holdfast/wire";
import { listen, recordOf, startApi } from "./fixture.ts";

test("/to/{service}/… passes path and query on as they are, with any method", async () => {
  await using api = await startApi();
  await using origin = await listen(async (req, res) => {
    let body = "";
    for await (const part of req) body += String(part);
    res.end(`${req.method} ${req.url} ${body}`);
  });
  api.servers.set("catalog", [recordOf("catalog", "i-1", origin.port)]);
  const table = [
    ["GET", "/to/catalog", "GET / "],
    ["GET", "/to/catalog/titles/a%2Fb?x=%20&y", "GET /titles/a%2Fb?x=%20&y "],
    ["GET", "/to/catalog?x=1", "GET /?x=1 "],
    ["PUT", "/to/Catalog/1", "PUT /1 body"],
    ["PATCH", "/to/catalog//double", "PATCH //double body"],
  ] as const;
  for (const [method, path, expected] of table) {
    const got = await fetch(`${api.url}${path}`, { method, ...(method === "GET" ? {} : { body: "body" }) });
    assert.equal(await got.text(), expected);
  }
});

test("what goes wrong on /to/… is told as problem+json with a code", async () => {
  await using api = await startApi();
  const table = [
    ["/to/nobody/x", 503, "SERVICE_UNKNOWN"],
    ["/to/", 400, "SERVICE_NAME_INVALID"],
    ["/to/..%2f..%2fetc/x", 400, "SERVICE_NAME_INVALID"],
    ["/nowhere", 404, "PATH_UNKNOWN"],
    ["/registry/%2e%2e", 404, "PATH_UNKNOWN"],
  ] as const;
  for (const [path, status, code] of table) {
    const got = await fetch(`${api.url}${path}`);
    const body = (await got.json()) as { code: string };
    assert.deepEqual([got.status, body.code], [status, code], path);
  }
  const posted = await fetch(`${api.url}/ping`, { method: "POST", body: "x" });
  assert.deepEqual([posted.status, posted.headers.get("allow")], [405, "GET, HEAD"]);
  await posted.body?.cancel();
});

test("deadline, trace and request id go on with the request", async () => {
  await using api = await startApi();
  await using origin = await listen((req, res) => res.end(JSON.stringify(req.headers)));
  api.servers.set("catalog", [recordOf("catalog", "i-1", origin.port)]);
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const headers = { traceparent, "x-request-id": "r-1", "x-holdfast-deadline-ms": "5000", "x-own": "kept" };
  const got = await fetch(`${api.url}/to/catalog/`, { headers });
  const seen = (await got.json()) as Record<string, string>;
  assert.equal(seen["traceparent"]?.slice(0, 35), traceparent.slice(0, 35));
  assert.equal(seen["x-request-id"], "r-1");
  assert.equal(seen["x-own"], "kept");
  const left = Number(seen["x-holdfast-deadline-ms"]);
  assert.ok(left > 0 && left <= 5_000, `${left}`);
});

test("a Host that is no name of this machine is refused: a web page cannot make itself our parent", async () => {
  await using api = await startApi();
  const ask = (host: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      request({ port: api.port, path: "/ping", headers: { host } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      })
        .on("error", reject)
        .end();
    });
  assert.deepEqual(
    await Promise.all(["evil.example", "localhost.evil.example", "10.0.0.1:8078"].map(ask)),
    [403, 403, 403],
  );
  assert.deepEqual(await Promise.all(["localhost:8078", "127.1.2.3", "[::1]:1"].map(ask)), [200, 200, 200]);
});

test("/registry and /registry/{app} show who is there", async () => {
  await using api = await startApi();
  api.servers.set("catalog", [recordOf("catalog", "i-1", 1)]);
  assert.deepEqual(await (await fetch(`${api.url}/registry`)).json(), { apps: ["catalog"] });
  const view = (await (await fetch(`${api.url}/registry/Catalog`)).json()) as { instances: { id: string }[] };
  assert.deepEqual(
    view.instances.map(({ id }) => id),
    ["i-1"],
  );
  assert.deepEqual(await (await fetch(`${api.url}/registry/none`)).json(), { app: "none", instances: [] });
});

interface Listening {
  readonly events: SseEvent[];
  readonly stop: () => void;
}

async function hear(url: string): Promise<Listening> {
  const events: SseEvent[] = [];
  const decoder = new SseDecoder((event) => void events.push(event));
  const { promise, resolve, reject } = Promise.withResolvers<() => void>();
  const asked = request(url, (answer) => {
    answer.setEncoding("utf8").on("data", (text: string) => decoder.push(text));
    answer.on("error", () => {});
    resolve(() => asked.destroy());
  });
  asked.on("error", reject).end();
  return { events, stop: await promise };
}

test("registry.stream tells a snapshot, then each app as it changes, and only those asked for", async () => {
  await using api = await startApi();
  api.servers.set("catalog", [recordOf("catalog", "i-1", 1)]);
  const all = await hear(`${api.url}/registry.stream`);
  const one = await hear(`${api.url}/registry.stream?app=ratings`);
  await waitFor("what is expected on the stream", () => all.events.length === 1 && one.events.length === 1);
  api.servers.set("catalog", []);
  api.servers.set("ratings", [recordOf("ratings", "i-2", 2)]);
  await waitFor("what is expected on the stream", () => all.events.length === 3 && one.events.length === 2);
  const said = (events: SseEvent[]): unknown[] =>
    events.map(({ event, data }) => {
      const body = JSON.parse(data) as { app?: string; apps?: { app: string }[]; instances?: unknown[] };
      return [event, body.app ?? body.apps?.map(({ app }) => app), body.instances?.length];
    });
  assert.deepEqual(said(all.events), [
    ["snapshot", ["catalog"], undefined],
    ["change", "catalog", 0],
    ["change", "ratings", 1],
  ]);
  assert.deepEqual(said(one.events), [
    ["snapshot", [], undefined],
    ["change", "ratings", 1],
  ]);
  all.stop();
  one.stop();
});

test("config.stream tells the properties and each change, null for one that has gone", async () => {
  await using api = await startApi();
  api.config.set("application", "a", 1);
  const heard = await hear(`${api.url}/config.stream?id=a&id=b`);
  await waitFor("what is expected on the stream", () => heard.events.length === 1);
  api.config.set("runtime", "other", "x");
  api.config.set("runtime", "b", true);
  api.config.set("application", "a", undefined);
  await waitFor("what is expected on the stream", () => heard.events.length === 3);
  assert.deepEqual(
    heard.events.map(({ event, data }) => [event, JSON.parse(data)]),
    [
      ["snapshot", { properties: { a: "1" } }],
      ["change", { key: "b", value: "true" }],
      ["change", { key: "a", value: null }],
    ],
  );
  heard.stop();
});

test("metrics and Hystrix's stream tell of the calls made for the parent", async () => {
  await using api = await startApi();
  await using origin = await listen((_req, res) => res.end("x"));
  api.servers.set("catalog", [recordOf("catalog", "i-1", origin.port)]);
  await (await fetch(`${api.url}/to/catalog/`)).text();
  assert.match(await (await fetch(`${api.url}/metrics`)).text(), /ipc_client_call/);
  const heard = await hear(`${api.url}/hystrix.stream`);
  await waitFor("what is expected on the stream", () =>
    heard.events.some(({ data }) => data.includes('"HystrixCommand"')),
  );
  heard.stop();
});
