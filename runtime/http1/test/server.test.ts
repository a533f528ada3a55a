import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Exchange, Outcome } from "@holdfast/http1";
import { waitFor } from "@holdfast/testing";
import { chunks, lines, smuggling } from "./request-vectors.ts";
import { bodiesOf, serverWorld } from "./server-world.ts";

const get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
const post = "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
const chunked =
  "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1\r\nf\r\n0\r\nSum: 9\r\n\r\n";

describe("a server, of what must not be served", () => {
  it("hands out nothing that hides behind a message of two readings, and closes", async (t) => {
    const { client, seen, clock } = await serverWorld(t);
    for (const [name, message, code] of [...smuggling, ...chunks, ...lines]) {
      if (code === "") continue;
      seen.length = 0;
      const one = await client();
      const received = await one.send(message).send(get).all();
      assert.match(received, /^HTTP\/1\.1 (4\d\d|50[15]) /, name);
      assert.ok(received.includes(code), `${name}: ${received}`);
      assert.equal(received.match(/^HTTP\/1\.1 \d/gm)?.length, 1, name);
      assert.deepEqual(
        seen.filter((request) => request !== "POST /"),
        [],
        name,
      );
    }
    await clock.advance(2_500);
  });

  it("says why, as a problem with a code", async (t) => {
    const { client } = await serverWorld(t);
    const received = await (await client()).send("GET / HTTP/1.1\r\n\r\n").all();
    const [head = "", body = ""] = received.split("\r\n\r\n");
    assert.match(head, /^HTTP\/1\.1 400 Bad Request\r\n.*Content-Type: application\/problem\+json\r\n/s);
    assert.equal((JSON.parse(body) as { code: string }).code, "HTTP_HOST_INVALID");
  });
});

describe("a server, of how messages arrive", () => {
  it("reads the same from any pieces, down to single bytes", async (t) => {
    const { client } = await serverWorld(t);
    const bytes = Buffer.from(post + get + chunked + get, "latin1");
    const wanted = ['["POST","/b","abc"]', '["GET","/a",""]', '["POST","/c","def",["sum","9"]]', '["GET","/a",""]'];
    for (const size of [1, 2, 3, 7, 50, 1_000]) {
      const one = await client();
      for (let at = 0; at < bytes.length; at += size) {
        one.send(bytes.subarray(at, at + size));
        await new Promise(setImmediate);
      }
      await one.until(/(HTTP[^]*){4}\]$/);
      assert.deepEqual(bodiesOf(one.received), wanted);
      one.socket.destroy();
    }
  });

  it("answers requests sent ahead in their order, though later ones are ready sooner", async (t) => {
    const held: Exchange[] = [];
    const { client } = await serverWorld(t, {}, (exchange) => void held.push(exchange));
    const one = await client();
    one.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    await waitFor("the other side", () => held.length === 1);
    held[0]?.respond(200, undefined, "one");
    assert.equal(held.length, 2);
    held[1]?.respond(200, undefined, "two");
    assert.match(await one.until(/two$/), /one.*two$/s);
  });

  it("says 100 Continue when the body is wanted, not before", async (t) => {
    const held: Exchange[] = [];
    const { client } = await serverWorld(t, {}, (exchange) => void held.push(exchange));
    const one = await client();
    one.send("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    await waitFor("the other side", () => held.length === 1);
    assert.equal(one.received, "");
    let body = "";
    const [exchange] = held;
    exchange?.takeBody(
      {
        data: (piece) => (body += piece.toString()) !== "",
        end: () => exchange.respond(201, undefined, body),
        failed: () => undefined,
      },
      true,
    );
    assert.equal(await one.until(/Continue/), "HTTP/1.1 100 Continue\r\n\r\n");
    one.send("ok");
    await one.until(/201 Created[^]*ok$/);
  });

  it("answers HTTP/1.0 in its own manner", async (t) => {
    const { client } = await serverWorld(t, {}, (exchange) => {
      exchange.begin({ status: 200, reason: "OK", fields: exchange.request.fields, length: -1, announced: -1 });
      exchange.write(Buffer.from("abc"));
      exchange.end();
    });
    const received = await (await client()).send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").all();
    assert.equal(received, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc");
  });

  it("sends no body with the answer to HEAD, with 204 and 304", async (t) => {
    const { client } = await serverWorld(t, {}, (exchange) =>
      exchange.respond(
        exchange.request.target === "/" ? 200 : Number(exchange.request.target.slice(1)),
        undefined,
        "abc",
      ),
    );
    const one = await client();
    one.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET /204 HTTP/1.1\r\nHost: a\r\n\r\n");
    one.send("GET /304 HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    const [head = "", noContent = "", notModified = "", last = ""] = (await one.all()).split(/(?=HTTP\/1\.1)/);
    assert.match(head, /Content-Length: 3\r\n\r\n$/);
    assert.doesNotMatch(noContent, /Content-Length/);
    assert.match(notModified, /Content-Length: 3\r\n\r\n$/);
    assert.match(last, /Connection: close\r\n\r\nabc$/);
  });
});

describe("a server, of clients that are slow or go away", () => {
  it("ends a request whose head, or whose body, does not come in time", async (t) => {
    const { client, clock, server } = await serverWorld(t, { headMs: 1_000, bodyMs: 2_000 });
    const silent = await client();
    const head = (await client()).send("GET / HTTP/1.1\r\nHost: a\r\nX:");
    const small = (await client()).send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
    const body = (await client()).send("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab");
    await waitFor("the other side", () => server.connections === 4);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await clock.advance(1_300);
    assert.equal(await silent.all(), "");
    assert.match(await head.all(), /^HTTP\/1\.1 408 .*HTTP_HEAD_TIMEOUT/s);
    assert.match(await small.all(), /^HTTP\/1\.1 408 .*HTTP_BODY_TIMEOUT/s);
    assert.equal(body.received, "");
    await clock.advance(1_000);
    assert.match(await body.all(), /^HTTP\/1\.1 408 .*HTTP_BODY_TIMEOUT/s);
  });

  it("a head that comes byte by byte gains no time by it", async (t) => {
    const { client, clock } = await serverWorld(t, { headMs: 1_000 });
    const one = await client();
    for (const char of "GET / H") {
      one.send(char);
      await new Promise((resolve) => setTimeout(resolve, 5));
      await clock.advance(250);
    }
    assert.match(await one.all(), /HTTP_HEAD_TIMEOUT/);
  });

  it("closes a connection that has been idle", async (t) => {
    const { client, clock } = await serverWorld(t, { idleMs: 5_000 });
    const one = (await client()).send(get);
    await one.until(/\]$/);
    await clock.advance(4_000);
    assert.equal(one.closed, false);
    await clock.advance(1_500);
    await one.all();
  });

  it("tells who answers that the client is gone", async (t) => {
    const outcomes: Outcome[] = [];
    const { client, seen } = await serverWorld(t, {}, (exchange) => {
      exchange.onEnd = (outcome) => void outcomes.push(outcome);
    });
    const one = (await client()).send(get);
    await waitFor("the other side", () => seen.length === 1);
    one.socket.destroy();
    await waitFor("the other side", () => outcomes.length === 1);
    const half = (await client()).send(get);
    await waitFor("the other side", () => seen.length === 2);
    half.socket.end();
    await waitFor("the other side", () => outcomes.length === 2);
    assert.deepEqual(outcomes, ["client-gone", "client-gone"]);
  });

  it("answers one that closed its half, where that is asked for", async (t) => {
    const held: Exchange[] = [];
    const { client } = await serverWorld(t, { halfOpen: true }, (exchange) => void held.push(exchange));
    const one = (await client()).send(get);
    await waitFor("the other side", () => held.length === 1);
    one.socket.end();
    await new Promise((resolve) => setTimeout(resolve, 20));
    held[0]?.respond(200, undefined, "late");
    assert.match(await one.all(), /Connection: close\r\n\r\nlate$/);
  });

  it("reads no more of a body than who takes it can hold", async (t) => {
    let taken = 0;
    let exchange: Exchange | undefined;
    const { client } = await serverWorld(t, {}, (one) => {
      exchange = one;
      one.takeBody(
        {
          data: (piece) => {
            taken += piece.length;
            return false;
          },
          end: () => one.respond(200, undefined, String(taken)),
          failed: () => undefined,
        },
        true,
      );
    });
    const size = 8 * 1024 * 1024;
    const one = (await client()).send(`PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`);
    one.socket.write(Buffer.alloc(size));
    await waitFor("the other side", () => taken > 0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.ok(taken < 1024 * 1024, `took ${taken}`);
    const drip = setInterval(() => exchange?.resumeBody(), 1);
    await one.until(/8388608$/);
    clearInterval(drip);
  });
});

describe("a server that closes", () => {
  it("answers what is under way, and a request that comes on a connection kept open, then ends it", async (t) => {
    const held: Exchange[] = [];
    const { client, server, clock } = await serverWorld(t, {}, (exchange) => void held.push(exchange));
    const busy = (await client()).send(get);
    const kept = (await client()).send(get);
    const idle = await client();
    await waitFor("the other side", () => held.length === 2 && server.connections === 3);
    held[1]?.respond(200, undefined, "first");
    await kept.until(/first$/);
    const closed = server.close({ graceMs: 5_000 });
    kept.send(get);
    await waitFor("the other side", () => held.length === 3);
    await clock.advance(300);
    assert.equal(await idle.all(), "");
    held[2]?.respond(200, undefined, "second");
    held[0]?.respond(200, undefined, "busy");
    assert.match(await kept.all(), /Connection: close\r\n\r\nsecond$/);
    assert.match(await busy.all(), /Connection: close\r\n\r\nbusy$/);
    await closed;
    assert.equal(server.connections, 0);
    assert.equal(clock.pendingTimers, 0);
  });

  it("refuses a connection too many", async (t) => {
    const { client } = await serverWorld(t, { connections: 1 });
    const first = (await client()).send(get);
    await first.until(/\]$/);
    const second = await client();
    assert.equal(await second.all(), "");
  });
});
