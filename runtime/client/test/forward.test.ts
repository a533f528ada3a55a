import assert from "node:assert/strict";
import { createServer, request as httpRequest, type IncomingMessage, type Server } from "node:http";
import { connect } from "node:net";
import { afterEach, test } from "node:test";
import type { BalancedClient, ForwardOptions } from "@holdfast/client";
import { forwardUpgrade } from "@holdfast/client";
import { waitFor } from "@holdfast/testing";
import { answerStatus, Backend, clientOf, cutAnswer, keepSilent, resetAtOnce, WrittenList } from "./backends.ts";

afterEach(() => Backend.endAll());

/** A proxy with `forward` as its only content. */
class Proxy {
  readonly server: Server;
  readonly client: BalancedClient;
  port = 0;

  constructor(client: BalancedClient, more: Partial<ForwardOptions> = {}) {
    this.client = client;
    const options: ForwardOptions = {
      service: "catalog",
      timeoutMs: 2_000,
      requestBytesMax: 1024 * 1024,
      holdBackBytes: 256 * 1024,
      ...more,
    };
    this.server = createServer({ maxHeaderSize: 128 * 1024 }, (req, res) => void client.forward(req, res, options));
    this.server.on("upgrade", (req, socket, head) => forwardUpgrade(client, req, socket, head, "catalog"));
  }

  static async over(backends: readonly Backend[], more: Partial<ForwardOptions> = {}): Promise<Proxy> {
    const proxy = new Proxy(clientOf(new WrittenList(backends.map((one) => one.record()))), more);
    await new Promise<void>((resolve) => proxy.server.listen(0, "127.0.0.1", resolve));
    const bound = proxy.server.address();
    proxy.port = typeof bound === "object" && bound !== null ? bound.port : 0;
    return proxy;
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.port}${path}`, { ...init, signal: AbortSignal.timeout(8_000) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    await this.client.close();
  }
}

async function code(response: Response): Promise<string> {
  const body = (await response.json()) as { code: string };
  return body.code;
}

test("an answer comes through as it is: status, repeated headers, odd bytes, body", async () => {
  await using backend = await Backend.start("i-a", (_req, res) => {
    res.writeHead(207, [
      "Set-Cookie",
      "a=1",
      "Set-Cookie",
      "b=2",
      "X-Odd",
      "caf\u00e9",
      "Connection",
      "x-hop",
      "X-Hop",
      "1",
    ]);
    res.end("body");
  });
  await using proxy = await Proxy.over([backend]);
  const response = await proxy.fetch("/a%20b?c=d");
  assert.equal(response.status, 207);
  assert.deepEqual(response.headers.getSetCookie(), ["a=1", "b=2"]);
  assert.equal(response.headers.get("x-odd"), "caf\u00e9");
  assert.equal(response.headers.get("x-hop"), null);
  assert.equal(response.headers.get("content-length"), "4");
  assert.equal(response.headers.get("x-holdfast-instance"), "i-a");
  assert.equal(await response.text(), "body");
});

test("the server sees who asked, through which host, and none of the headers of one hop", async () => {
  await using backend = await Backend.start("i-a");
  await using proxy = await Proxy.over([backend]);
  await proxy.fetch("/", { headers: { "x-forwarded-for": "203.0.113.9", "x-holdfast-instance": "i-spoofed" } });
  const { lastHeaders } = backend;
  assert.equal(lastHeaders["x-forwarded-for"], "203.0.113.9, 127.0.0.1");
  assert.equal(lastHeaders["x-forwarded-host"], `127.0.0.1:${proxy.port}`);
  assert.equal(lastHeaders["x-forwarded-proto"], "http");
  assert.equal(lastHeaders["x-holdfast-instance"], undefined);
  assert.match(String(lastHeaders["x-request-id"]), /^[0-9a-f-]{36}$/);
  assert.equal(lastHeaders["x-holdfast-attempt"], "1");
});

test("a GET cut short by one server is answered whole by another", async () => {
  await using bad = await Backend.start("i-bad", cutAnswer);
  await using good = await Backend.start("i-good");
  await using proxy = await Proxy.over([bad, good]);
  for (let i = 0; i < 8; i++) assert.equal(await (await proxy.fetch("/")).text(), "i-good");
  assert.ok(bad.executions >= 1);
});

test("an answer too long to hold back is streamed, and when cut looks cut", async () => {
  await using backend = await Backend.start("i-a", (req, res) => {
    const chunk = Buffer.alloc(64 * 1024, "x");
    for (let i = 0; i < 16; i++) res.write(chunk);
    if (req.url === "/whole") res.end();
    else setTimeout(() => res.socket?.resetAndDestroy(), 20);
  });
  await using proxy = await Proxy.over([backend]);
  assert.equal((await (await proxy.fetch("/whole")).arrayBuffer()).byteLength, 1024 * 1024);
  await assert.rejects(async () => (await proxy.fetch("/cut")).arrayBuffer());
});

test("HEAD, 204 and 304 keep their headers and have no body", async () => {
  await using backend = await Backend.start("i-a", (req, res) => {
    if (req.url === "/304") res.writeHead(304, { etag: `"1"` }).end();
    else if (req.url === "/204") res.writeHead(204).end();
    else res.writeHead(200, { "content-length": "1234" }).end();
  });
  await using proxy = await Proxy.over([backend]);
  const head = await proxy.fetch("/", { method: "HEAD" });
  assert.equal(head.headers.get("content-length"), "1234");
  assert.equal((await proxy.fetch("/204")).status, 204);
  const notModified = await proxy.fetch("/304");
  assert.equal(notModified.status, 304);
  assert.equal(notModified.headers.get("etag"), `"1"`);
});

test("events are passed on as they come", async () => {
  await using backend = await Backend.start("i-a", (_req, res) => {
    res.writeHead(200, { "content-type": "text/event-stream" });
    res.write("data: 1\n\n");
  });
  await using proxy = await Proxy.over([backend]);
  const response = await proxy.fetch("/events");
  const reader = response.body?.getReader();
  const first = await reader?.read();
  assert.equal(new TextDecoder().decode(first?.value), "data: 1\n\n");
  await reader?.cancel();
});

test("an answer that drips is no longer held back after a second", async () => {
  await using backend = await Backend.start("i-a", (_req, res) => {
    res.writeHead(200, { "content-type": "text/plain" });
    res.write("first line\n");
    setTimeout(() => res.end("last line\n"), 2_500);
  });
  await using proxy = await Proxy.over([backend], { timeoutMs: 5_000 });
  const startMs = performance.now();
  const response = await proxy.fetch("/");
  const headMs = performance.now() - startMs;
  assert.ok(headMs < 2_000, `head after ${headMs} ms`);
  assert.equal(await response.text(), "first line\nlast line\n");
});

test("bodies arrive whole: short ones, long ones, chunked ones", async () => {
  await using backend = await Backend.start("i-a", (req, res) => {
    let bytes = 0;
    req.on("data", (chunk: Buffer) => (bytes += chunk.length));
    req.on("end", () => res.end(String(bytes)));
  });
  await using proxy = await Proxy.over([backend]);
  for (const size of [1, 65_536, 65_537, 700_000]) {
    const response = await proxy.fetch("/", { method: "POST", body: Buffer.alloc(size) });
    assert.equal(await response.text(), String(size));
    const stream = new Blob([Buffer.alloc(size)]).stream();
    const chunked = await proxy.fetch("/", { method: "PUT", body: stream, duplex: "half" } as RequestInit);
    assert.equal(await chunked.text(), String(size));
  }
});

test("a PUT with a short body is made again on another server", async () => {
  await using bad = await Backend.start("i-bad", resetAtOnce);
  await using good = await Backend.start("i-good");
  await using proxy = await Proxy.over([bad, good]);
  for (let i = 0; i < 6; i++) {
    assert.equal(await (await proxy.fetch("/", { method: "PUT", body: "value" })).text(), "i-good");
  }
});

test("a POST whose server dies under it is answered 502 once, and executed once", async () => {
  await using one = await Backend.start("i-a", resetAtOnce);
  await using two = await Backend.start("i-b", resetAtOnce);
  await using proxy = await Proxy.over([one, two]);
  const response = await proxy.fetch("/", { method: "POST", body: "once" });
  assert.equal(response.status, 502);
  assert.equal(await code(response), "CALL_FAILED");
  assert.equal(one.executions + two.executions, 1);
});

test("a body announced as too long is refused with 413 before it is read, and the connection survives the telling", async () => {
  await using backend = await Backend.start("i-a");
  await using proxy = await Proxy.over([backend]);
  const sent = await sendEndless(proxy.port, { "content-length": String(1024 ** 3) });
  assert.equal(sent.status, 413);
  assert.match(sent.body, /BODY_TOO_LARGE/);
  assert.ok(sent.tookMs < 5_000);
  assert.equal(backend.executions, 0);
  assert.equal((await proxy.fetch("/")).status, 200);
});

test("a chunked body that grows too long is refused with 413, and no server is blamed", async () => {
  await using backend = await Backend.start("i-a", (req, res) => {
    req.resume();
    req.on("end", () => res.end("read"));
  });
  await using proxy = await Proxy.over([backend]);
  const sent = await sendEndless(proxy.port, { "transfer-encoding": "chunked" });
  assert.equal(sent.status, 413);
  assert.equal(proxy.client.explain("catalog")[0]?.ejectedForMs, 0);
  assert.equal((await proxy.fetch("/")).status, 200);
});

test("a caller that breaks off its upload takes the call with it, and no server is blamed", async () => {
  await using backend = await Backend.start("i-a", keepSilent);
  await using proxy = await Proxy.over([backend]);
  const upload = httpRequest({ port: proxy.port, method: "POST", headers: { "content-length": "500000" } });
  upload.on("error", () => {});
  upload.write(Buffer.alloc(100_000));
  await waitFor("the call to arrive", () => backend.executions === 1);
  upload.destroy();
  await waitFor("the call to end", () => proxy.client.explain("catalog")[0]?.outstanding === 0);
  assert.equal(proxy.client.explain("catalog")[0]?.ejectedForMs, 0);
});

test("a caller that goes away ends the call at the server", async () => {
  let closed = false;
  await using backend = await Backend.start("i-a", (req) => void req.on("close", () => (closed = true)));
  await using proxy = await Proxy.over([backend]);
  const get = httpRequest({ port: proxy.port });
  get.on("error", () => {});
  get.end();
  await waitFor("the call to arrive", () => backend.executions === 1);
  get.destroy();
  await waitFor("its end at the server", () => closed);
});

test("what goes wrong is a coded problem: no time, no server, no such service", async () => {
  await using silent = await Backend.start("i-a", keepSilent);
  await using late = await Proxy.over([silent], { timeoutMs: 150 });
  const timedOut = await late.fetch("/");
  assert.equal(timedOut.status, 504);
  assert.equal(await code(timedOut), "UPSTREAM_TIMED_OUT");

  await using gone = await Backend.start("i-gone");
  await using empty = await Proxy.over([gone]);
  await gone.kill();
  const none = await empty.fetch("/");
  assert.equal(none.status, 503);
  assert.equal(none.headers.get("retry-after"), "1");
  assert.equal(await code(none), "NO_SERVER_AVAILABLE");

  await using lost = await Proxy.over([silent], { service: "katalog" });
  const unknown = await lost.fetch("/");
  assert.equal(unknown.status, 503);
  assert.equal(await code(unknown), "SERVICE_UNKNOWN");
});

test("an answer misdirected to another identity (421) goes to the right server unseen, a POST too", async () => {
  await using stranger = await Backend.start("i-x", answerStatus(421, { "x-holdfast-not-executed": "1" }));
  await using right = await Backend.start("i-a");
  await using proxy = await Proxy.over([stranger, right]);
  for (let i = 0; i < 6; i++) {
    assert.equal(await (await proxy.fetch("/", { method: "POST", body: "x" })).text(), "i-a");
  }
});

test("while draining, answers end the connection", async () => {
  await using backend = await Backend.start("i-a");
  await using proxy = await Proxy.over([backend], { draining: () => true });
  const response = await proxy.fetch("/");
  assert.equal(response.headers.get("connection"), "close");
});

test("a failure that was retried behind the server is passed on as it is, and marked for those in front", async () => {
  await using one = await Backend.start("i-a", answerStatus(503, { "x-holdfast-retried": "1" }));
  await using two = await Backend.start("i-b", answerStatus(503, { "x-holdfast-retried": "1" }));
  await using proxy = await Proxy.over([one, two]);
  const response = await proxy.fetch("/");
  assert.equal(response.status, 503);
  assert.equal(response.headers.get("x-holdfast-retried"), "1");
  assert.equal(one.executions + two.executions, 1);
});

test("a slow reader slows the server down instead of filling memory", async () => {
  let written = 0;
  await using backend = await Backend.start("i-a", (_req, res) => {
    const chunk = Buffer.alloc(256 * 1024);
    const more = (): void => {
      while (written < 200 * 1024 * 1024) {
        written += chunk.length;
        if (!res.write(chunk)) return void res.once("drain", more);
      }
      res.end();
    };
    more();
  });
  await using proxy = await Proxy.over([backend]);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    httpRequest({ port: proxy.port }, resolve).on("error", reject).end();
  });
  response.pause();
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.ok(written < 64 * 1024 * 1024, `${written} bytes written while nobody reads`);
  response.destroy();
});

test("a WebSocket passes through as a tunnel", async () => {
  await using backend = await Backend.start("i-a");
  backend.server.on("upgrade", (_req, socket) => {
    socket.on("error", () => {});
    socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n");
    socket.on("data", (chunk) => socket.end(chunk));
  });
  await using proxy = await Proxy.over([backend]);
  const socket = connect({ port: proxy.port });
  let text = "";
  socket.on("data", (chunk) => {
    text += String(chunk);
    if (text.endsWith("\r\n\r\n")) socket.write("hello");
  });
  socket.write("GET /ws HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n");
  await waitFor("the echo", () => text.includes("101 Switching") && text.endsWith("hello"));
  socket.destroy();
});

/** A caller that announces or sends without end, as fast as it can, until it is answered. */
function sendEndless(
  port: number,
  headers: Record<string, string>,
): Promise<{ status: number; body: string; tookMs: number }> {
  return new Promise((resolve, reject) => {
    const startMs = performance.now();
    const upload = httpRequest({ port, method: "POST", headers }, (res) => {
      let body = "";
      res.on("data", (chunk) => (body += String(chunk)));
      res.on("end", () => {
        resolve({ status: res.statusCode ?? 0, body, tookMs: performance.now() - startMs });
        upload.destroy();
      });
      res.on("error", reject);
    });
    upload.on("error", (error) => reject(error));
    const chunk = Buffer.alloc(64 * 1024);
    const more = (): void => {
      while (!upload.destroyed) if (!upload.write(chunk)) return void upload.once("drain", more);
    };
    more();
  });
}
