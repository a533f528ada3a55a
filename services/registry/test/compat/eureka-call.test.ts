import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { SystemClock } from "@holdfast/kernel";
import { type EurekaCallResult, eurekaUrl, HttpEurekaCaller } from "../../src/compat/eureka-call.ts";

async function ask(
  listener: RequestListener,
  options = { timeoutMs: 2_000, bytesMax: 1_000 },
): Promise<EurekaCallResult> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const caller = new HttpEurekaCaller(new SystemClock(), options);
  const { port } = server.address() as AddressInfo;
  const result = await caller.call({
    method: "POST",
    url: `http://127.0.0.1:${port}/x`,
    headers: { "x-a": "b" },
    body: "hé",
  });
  caller.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  return result;
}

test("an answer is given whole, unpacked, with its status", async () => {
  const result = await ask((req, res) => {
    req.setEncoding("utf8").on("data", (text) => {
      res
        .writeHead(503, { "content-encoding": "gzip" })
        .end(gzipSync(`${req.method} ${String(req.headers["x-a"])} ${text}`));
    });
  });
  assert.deepEqual(result, { kind: "answer", status: 503, text: "POST b hé" });
});

test("what goes wrong is told by kind: refused, hung, broken off, too long, not what it says it is", async () => {
  const hung = await ask(() => {}, { timeoutMs: 50, bytesMax: 1_000 });
  assert.equal(hung.kind, "timeout");
  const broken = await ask((req) => req.socket.destroy());
  assert.equal(broken.kind, "broken");
  const long = await ask((_req, res) => res.end("x".repeat(5_000)));
  assert.equal(long.kind, "broken");
  const bomb = await ask((_req, res) =>
    res.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("x".repeat(9e6))),
  );
  assert.equal(bomb.kind, "broken");
  const torn = await ask((_req, res) => res.writeHead(200, { "content-encoding": "gzip" }).end("not gzip"));
  assert.equal(torn.kind, "broken");
  const caller = new HttpEurekaCaller(new SystemClock());
  const refused = await caller.call({ method: "GET", url: "http://127.0.0.1:9/", headers: {} });
  assert.equal(refused.kind, "unreachable");
  caller.close();
});

test("a base URL may end with slashes or without", () => {
  assert.equal(eurekaUrl("http://h/eureka/v2//", "apps/"), "http://h/eureka/v2/apps/");
  assert.equal(eurekaUrl("http://h/eureka/v2", "apps/"), "http://h/eureka/v2/apps/");
});
