import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { SeededRandom } from "@holdfast/kernel";
import { waitFor } from "@holdfast/testing";
import { listen, recordOf, startApi } from "./fixture.ts";

const marks = "/?&=%#.:;,\\\"'<>{}|^`~!$()*+-_@[]".split("");
const pieces: readonly string[] = [
  ...marks,
  "..",
  "%00",
  "%2e%2e",
  "%",
  "%zz",
  "%c3%28",
  "a".repeat(300),
  "__proto__",
  "constructor",
  "/proxy",
  "/to/",
  "/to/catalog/",
  "?vip=",
  "vip=catalog",
  "&path=",
  "/eureka/hosts",
  "?appName=",
  "/dynamicproperties?id=",
  "/registry/",
  "http://evil.example/",
  "\u00e9",
];

/** Sends the bytes as they are, and gives the first line of what comes back. */
function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(Buffer.from(text, "latin1")));
    let got = "";
    socket.setTimeout(5_000, () => socket.destroy(new Error(`no answer to ${JSON.stringify(text.slice(0, 200))}`)));
    socket.on("data", (part: Buffer) => {
      got += part.toString("latin1");
      if (!got.includes("\r\n")) return;
      socket.destroy();
      resolve(got.slice(0, got.indexOf("\r\n")));
    });
    socket.on("error", reject);
    socket.on("end", () => resolve(got));
  });
}

test("whatever the path and the query are, an answer comes that is no failure of the sidecar itself", async () => {
  await using api = await startApi();
  const targets: string[] = [];
  await using origin = await listen((req, res) => {
    targets.push(req.url ?? "");
    res.end("x");
  });
  api.servers.set("catalog", [recordOf("catalog", "i-1", origin.port)]);
  const random = new SeededRandom(20);
  const seen = new Set<number>();
  for (let i = 0; i < 600; i++) {
    const length = 1 + Math.floor(random.next() * 6);
    const path = Array.from({ length }, () => pieces[Math.floor(random.next() * pieces.length)]).join("");
    const target = path.startsWith("/") || path.startsWith("http") ? path : `/${path}`;
    const line = await raw(api.port, `GET ${target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`);
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(line)?.[1]);
    assert.ok([200, 400, 403, 404, 500, 503].includes(status), `${target}: ${line}`);
    // 500 is Prana's word for a proxy without a service; everything else must not get there.
    if (status === 500) assert.match(target, /\/proxy/, `${target}: ${line}`);
    seen.add(status);
  }
  assert.ok(seen.has(200) && seen.has(404) && seen.has(400), `only ${[...seen].join(", ")}`);
  for (const target of targets) assert.match(target, /^\/[\x21-\x7e]*$/, "an origin gets only what HTTP allows");
  assert.equal(await (await fetch(`${api.url}/ping`)).text(), "pong");
});

test("no path parameter can write a second request or header", async () => {
  await using api = await startApi();
  const heads: string[] = [];
  await using origin = await listen((req, res) => {
    heads.push(`${req.method} ${req.url} ${JSON.stringify(req.headers["x-evil"] ?? "none")}`);
    res.end("x");
  });
  api.servers.set("catalog", [recordOf("catalog", "i-1", origin.port)]);
  const path = encodeURIComponent("/a HTTP/1.1\r\nx-evil: 1\r\n\r\nGET /b");
  const got = await fetch(`${api.url}/proxy?vip=catalog&path=${path}`);
  assert.equal(got.status, 200);
  await got.body?.cancel();
  assert.deepEqual(heads, ['GET /a%20HTTP/1.1%0D%0Ax-evil:%201%0D%0A%0D%0AGET%20/b "none"']);
});

test("what is no HTTP, and heads without an end, get a coded refusal", async () => {
  await using api = await startApi();
  assert.match(await raw(api.port, "\x16\x03\x01\x02\x00\x01\r\n\r\n"), /^HTTP\/1\.1 400 /);
  assert.match(await raw(api.port, `GET /${"a".repeat(60_000)} HTTP/1.1\r\n\r\n`), /^HTTP\/1\.1 431 /);
  assert.match(await raw(api.port, "GET /dynamicproperties?id=a HTTP/1.1\r\nhost: evil\r\n\r\n"), /^HTTP\/1\.1 403 /);
});

test("more properties than may be asked for at once are refused", async () => {
  await using api = await startApi();
  const got = await fetch(`${api.url}/dynamicproperties?${"id=a&".repeat(1_001)}`);
  assert.equal(got.status, 400);
  await got.body?.cancel();
});

test("readers of a stream past the limit are refused, and a place is free again when one has gone", async () => {
  await using api = await startApi();
  const all = Array.from({ length: 64 }, () => new AbortController());
  // Held on to: a response that is collected ends its connection.
  const open: Response[] = [];
  for (const { signal } of all) open.push(await fetch(`${api.url}/registry.stream`, { signal }));
  assert.ok(open.every(({ status }) => status === 200));
  const refused = await fetch(`${api.url}/registry.stream`);
  assert.equal(refused.status, 503);
  await refused.body?.cancel();
  for (const one of all) one.abort();
  await waitFor("a place", async () => {
    const one = new AbortController();
    const { status } = await fetch(`${api.url}/registry.stream`, { signal: one.signal });
    one.abort();
    return status === 200;
  });
});
