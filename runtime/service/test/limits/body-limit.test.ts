import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { test } from "node:test";
import { Config } from "@holdfast/config";
import { SeededRandom, SystemClock } from "@holdfast/kernel";
import { MeterRegistry } from "@holdfast/metrics";
import { Resilience } from "@holdfast/resilience";
import { type ServeOptions, serve } from "@holdfast/service";
import { waitFor } from "@holdfast/testing";
import { LogLevels } from "../../src/logs/log-levels.ts";
import { SecretValues } from "../../src/logs/secret-values.ts";
import { StructuredLog } from "../../src/logs/structured-log.ts";

async function start(options: ServeOptions) {
  const lines: string[] = [];
  const parts = { levels: new LogLevels(), secrets: new SecretValues(), wallMs: () => 0 };
  const config = new Config();
  const surroundings = {
    clock: new SystemClock(),
    random: new SeededRandom(1),
    log: StructuredLog.to((line) => void lines.push(line), parts),
    config,
    meters: new MeterRegistry(),
    resilience: new Resilience(new SystemClock()),
    environment: { PORT: "0" },
  };
  const service = await serve({ handleSignals: false, ...options }, surroundings);
  return { url: service.url, port: service.port, lines, config, [Symbol.asyncDispose]: () => service.stop() };
}

interface Sent {
  readonly status: number | undefined;
  readonly text: string;
}

/** Sends a body in pieces, chunked or with its length, and reads the answer whenever it comes. */
async function send(url: string, pieces: number, headers: Record<string, string> = {}): Promise<Sent> {
  const req = request(url, { method: "POST", headers });
  req.on("error", () => {});
  const answered = once(req, "response") as Promise<[IncomingMessage]>;
  for (let i = 0; i < pieces && !req.destroyed; i++) {
    if (!req.write("x".repeat(1_000))) await Promise.race([once(req, "drain"), answered]);
  }
  req.end();
  const [res] = await answered;
  let text = "";
  for await (const chunk of res) text += String(chunk);
  return { status: res.statusCode, text };
}

async function count(req: IncomingMessage): Promise<number> {
  let bytes = 0;
  for await (const chunk of req) bytes += (chunk as Buffer).length;
  return bytes;
}

test("a body within the limit arrives, with its length and chunked; a longer one is answered with 413 before it has come", async () => {
  const counted: number[] = [];
  const failed: unknown[] = [];
  await using started = await start({
    bodyBytesMax: 10_000,
    handler: async (req, res) => {
      try {
        counted.push(await count(req));
        res.end("ok");
      } catch (error) {
        failed.push(error);
        throw error;
      }
    },
  });
  assert.deepEqual(await send(started.url, 10), { status: 200, text: "ok" });
  assert.deepEqual(await send(started.url, 10, { "content-length": "10000" }), { status: 200, text: "ok" });
  const long = await send(started.url, 11, { "content-length": "11000" });
  assert.deepEqual([long.status, /"code":"BODY_TOO_LARGE"/.test(long.text)], [413, true]);
  const chunked = await send(started.url, 500);
  assert.deepEqual([chunked.status, /"code":"BODY_TOO_LARGE"/.test(chunked.text)], [413, true]);
  assert.deepEqual(counted, [10_000, 10_000]);
  await waitFor("its reader to hear of it", () => failed.length === 1);
  assert.match(String(failed[0]), /longer than 10000 bytes/);
  assert.ok(!started.lines.some((line) => line.includes("service.handler.failed")), started.lines.join(""));
});

test("fetch-style handlers, and those that never read, are limited as well; the server lives on", async () => {
  await using web = await start({
    bodyBytesMax: 5_000,
    handler: async (req: Request) => new Response(await req.text()),
  });
  const answer = await send(web.url, 300);
  assert.equal(answer.status, 413);
  assert.equal((await send(web.url, 3)).text.length, 3_000);
  await using deaf = await start({
    bodyBytesMax: 5_000,
    handler: (_req, res) => setTimeout(() => res.end("late"), 100),
  });
  const unread = await send(deaf.url, 300);
  assert.equal(unread.status, 413);
  assert.deepEqual(await send(deaf.url, 1), { status: 200, text: "late" });
});

test("without a limit any length goes through; a limit that is none is refused by name", async () => {
  const handler = async (req: IncomingMessage, res: { end(text: string): void }) => res.end(String(await count(req)));
  await using open = await start({ bodyBytesMax: Number.POSITIVE_INFINITY, handler });
  assert.deepEqual(await send(open.url, 11_000), { status: 200, text: "11000000" });
  await using usual = await start({ handler });
  assert.equal((await send(usual.url, 11_000)).status, 413);
  await assert.rejects(start({ bodyBytesMax: -1, handler }), /bodyBytesMax: must be/);
});

test("who asks before it sends a body is told to go on, or that it is too long", async () => {
  const handler = async (req: IncomingMessage, res: { end(text: string): void }) => res.end(String(await count(req)));
  await using started = await start({ bodyBytesMax: 10, handler });
  const ask = async (length: number): Promise<string> => {
    const socket = connect(started.port, "127.0.0.1");
    socket.write(
      `POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\nexpect: 100-continue\r\ncontent-length: ${length}\r\n\r\n`,
    );
    let text = "";
    for await (const chunk of socket) {
      if (text === "" && String(chunk).startsWith("HTTP/1.1 100 ")) socket.write("x".repeat(length));
      text += String(chunk);
    }
    return text;
  };
  assert.match(await ask(10), /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK\r\n/);
  assert.match(await ask(11), /^HTTP\/1.1 413 /);
});

test("a request that does not come whole in time is answered with a coded 408, whichever part is missing", async () => {
  const handler = async (req: IncomingMessage, res: { end(text: string): void }) => res.end(String(await count(req)));
  await using started = await start({ requestMaxMs: 100, handler });
  for (const part of ["POST / HTTP/1.1\r\nhost: x\r\n", "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nab"]) {
    const socket = connect(started.port, "127.0.0.1");
    socket.write(part);
    let text = "";
    for await (const chunk of socket) text += String(chunk);
    assert.match(text, /^HTTP\/1.1 408 Request Timeout\r\ncontent-type: application\/problem\+json/, part);
    assert.match(text, /REQUEST_TOO_SLOW/);
  }
});

test("accesses are logged as the property says, while the service runs: off, errors, all, a share; never their query", async () => {
  const handler = (req: IncomingMessage, res: { statusCode: number; end(): void }) => {
    if (req.url?.startsWith("/bad") === true) res.statusCode = 503;
    res.end();
  };
  await using started = await start({ handler });
  const accesses = () =>
    started.lines
      .filter((line) => line.includes("http.access"))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const get = async (path: string): Promise<void> =>
    void (await (await fetch(`${started.url}${path}`, { headers: { "x-request-id": "r-9" } })).text());
  await get("/a?q=1");
  started.config.set("runtime", "access.log", "errors");
  await get("/a?q=1");
  await get("/bad?token=abc");
  await waitFor("the line", () => accesses().length === 1);
  const [bad] = accesses();
  assert.deepEqual([bad?.["path"], bad?.["status"], bad?.["method"], bad?.["requestId"]], ["/bad", 503, "GET", "r-9"]);
  assert.equal(typeof bad?.["ms"], "number");
  started.config.set("runtime", "access.log", "all");
  await get("/a?q=2");
  await waitFor("the line", () => accesses().length === 2);
  started.config.set("runtime", "access.log", "sometimes");
  await get("/still-all");
  await waitFor("the line", () => accesses().length === 3);
  started.config.set("runtime", "access.log", "0.5");
  for (let i = 0; i < 60; i++) await get("/half");
  const half = accesses().filter(({ path }) => path === "/half").length;
  assert.ok(half > 10 && half < 50, `${half}`);
  assert.doesNotMatch(started.lines.join(""), /q=|token=abc/);
});
