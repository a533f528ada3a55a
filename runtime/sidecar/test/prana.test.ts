import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import type { ParentAnswer } from "@holdfast/sidecar";
import { listen, recordOf, startApi } from "./fixture.ts";

const eureka = (hostName: string, vipAddress: string) =>
  ({ hostName, vipAddress, app: "FOO" }) as NonNullable<Parameters<typeof recordOf>[3]>["eureka"] & object;

const originError =
  "<status><status_code>500</status_code><message>Error forwarding request to origin</message></status>";

test("Prana's paths answer with Prana's exact strings", async (t) => {
  await using api = await startApi();
  api.config.set("application", "a", "v");
  api.config.set("application", "n", 7);
  const pair = [
    recordOf("foo", "i-1", 1, { eureka: eureka("host1", "bar") }),
    recordOf("foo", "i-2", 2, { eureka: eureka("host2", "bar,other") }),
    recordOf("foo", "i-3", 3, { eureka: eureka("host3", "bar"), status: "DOWN" }),
  ];
  api.servers.set("foo", pair);
  const table: readonly [path: string, status: number, type: string, body: string, answer?: ParentAnswer][] = [
    ["/ping", 200, "text/plain", "pong"],
    ["/status", 200, "application/json", '{"status":"UP"}'],
    ["/healthcheck", 200, "application/xml", "<health>ok</health>"],
    ["/healthcheck", 503, "application/xml", "<health>fail</health>", { kind: "down", detail: "", isSure: true }],
    ["/healthcheck", 503, "application/xml", "<health>fail</health>", { kind: "starting", detail: "" }],
    ["/dynamicproperties?id=a&id=b", 200, "application/json", '{"a":"v","b":null}'],
    ["/dynamicproperties?id=n", 200, "application/json", '{"n":"7"}'],
    ["/dynamicproperties?id=__proto__", 200, "application/json", '{"__proto__":null}'],
    ["/dynamicproperties", 200, "application/json", "{}"],
    ["/eureka/hosts?appName=foo&vip=bar", 200, "application/json", '["host1","host2"]'],
    ["/eureka/hosts?appName=FOO", 200, "application/json", '["host1","host2"]'],
    ["/eureka/hosts?appName=foo&vip=other", 200, "application/json", '["host2"]'],
    ["/eureka/hosts?appName=nobody", 200, "application/json", "[]"],
    ["/eureka/hosts", 400, "application/json", '{"reason":"Bad Request","message":"appName has to be specified"}'],
    ["/proxy", 500, "application/xml", originError],
    ["/proxy?vip=nobody&path=/", 500, "application/xml", originError],
  ];
  for (const [path, status, type, body, answer] of table) {
    await t.test(`GET ${path} → ${status} ${body}`, async () => {
      api.answer = answer ?? { kind: "up", detail: "" };
      const got = await fetch(`${api.url}${path}`);
      assert.deepEqual([got.status, got.headers.get("content-type"), await got.text()], [status, type, body]);
    });
  }
});

test("ping must not be kept by anybody", async () => {
  await using api = await startApi();
  const got = await fetch(`${api.url}/ping`);
  assert.equal(got.headers.get("cache-control"), "must-revalidate,no-cache,no-store");
  await got.body?.cancel();
});

test("/proxy finds a service by name, by a VIP with a port, and by a VIP of Eureka's", async () => {
  await using api = await startApi();
  await using origin = await listen((req, res) => res.end(`${req.method} ${req.url}`));
  api.servers.set("catalog", [recordOf("catalog", "i-1", origin.port, { eureka: eureka("127.0.0.1", "titles:7001") })]);
  for (const vip of ["catalog", "CATALOG:7001", "titles:7001", "titles"]) {
    const got = await fetch(`${api.url}/proxy?vip=${vip}&path=${encodeURIComponent("/p?x=1&y=ä b#c")}`);
    assert.deepEqual([got.status, await got.text()], [200, "GET /p?x=1&y=%C3%A4%20b%23c"], vip);
  }
  const bare = await fetch(`${api.url}/proxy?vip=catalog`, { method: "DELETE" });
  assert.equal(await bare.text(), "DELETE /");
});

test("/proxy asks for the encodings of its property when the parent names none, and keeps the parent's own", async () => {
  await using api = await startApi();
  await using origin = await listen((req, res) => res.end(String(req.headers["accept-encoding"])));
  api.servers.set("catalog", [recordOf("catalog", "i-1", origin.port)]);
  const ask = (headers: Record<string, string>): Promise<string> =>
    new Promise((resolve, reject) => {
      const { port } = api;
      request({ port, path: "/proxy?vip=catalog&path=/", headers }, (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (part: string) => void (text += part));
        answer.on("end", () => resolve(text));
      })
        .on("error", reject)
        .end();
    });
  assert.equal(await ask({}), "deflate, gzip");
  api.config.set("application", "prana.proxy.req.acceptencoding", "gzip");
  assert.equal(await ask({}), "gzip");
  assert.equal(await ask({ "accept-encoding": "identity" }), "identity");
});

test("an origin's own error goes through as it is; its silence and its end become Prana's error", async () => {
  await using api = await startApi();
  await using origin = await listen((req, res) => {
    if (req.url === "/gone") return void req.socket.destroy();
    if (req.url === "/late") return;
    res.writeHead(418, { "x-own": "yes" }).end("own words");
  });
  api.servers.set("catalog", [recordOf("catalog", "i-1", origin.port)]);
  const own = await fetch(`${api.url}/proxy?vip=catalog&path=/teapot`);
  assert.deepEqual([own.status, own.headers.get("x-own"), await own.text()], [418, "yes", "own words"]);
  for (const path of ["/gone", "/late"]) {
    const headers = { "x-holdfast-deadline-ms": "200" };
    const got = await fetch(`${api.url}/proxy?vip=catalog&path=${path}`, { method: "POST", headers });
    assert.deepEqual([got.status, await got.text()], [500, originError], path);
  }
});
