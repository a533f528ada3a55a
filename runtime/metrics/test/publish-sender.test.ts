import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { SystemClock } from "@holdfast/kernel";
import { httpPublishSender } from "@holdfast/metrics";

const clock = new SystemClock();

async function withServer(answer: RequestListener, use: (url: URL) => Promise<void>): Promise<void> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    await use(new URL(`http://127.0.0.1:${port}/api/v1/publish`));
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => void server.close(resolve));
  }
}

test("a large body goes compressed, a small one as it is, and the answer comes back", async () => {
  const got: string[] = [];
  const receive: RequestListener = async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const isZipped = req.headers["content-encoding"] === "gzip";
    const body = Buffer.concat(chunks);
    got.push(`${req.method} ${req.url} ${isZipped} ${(isZipped ? gunzipSync(body) : body).toString().length}`);
    res.writeHead(202).end("partly");
  };
  await withServer(receive, async (url) => {
    const send = httpPublishSender(clock, url);
    assert.deepEqual(await send("x".repeat(100)), { status: 202, body: "partly" });
    await send("x".repeat(50_000));
  });
  assert.deepEqual(got, ["POST /api/v1/publish false 100", "POST /api/v1/publish true 50000"]);
});

test("a receiver that does not answer, and one that is not there, are failures", async () => {
  await withServer(
    () => {},
    async (url) => {
      await assert.rejects(httpPublishSender(clock, url, { readMs: 20 })("{}"), { code: "PUBLISH_TIMEOUT" });
    },
  );
  await assert.rejects(httpPublishSender(clock, new URL("http://127.0.0.1:1/"))("{}"), { code: "ECONNREFUSED" });
});
