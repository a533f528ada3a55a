import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Exchange, forward, Http1Server, messageLimits, type Outcome, parseRequestHead } from "@holdfast/http1";
import { FakeClock, waitFor } from "@holdfast/testing";
import { onHead, proxyWorld, rawOrigin } from "./proxy-world.ts";
import { serverWorld } from "./server-world.ts";

const get = "GET /a?b HTTP/1.1\r\nHost: shop\r\nAccept: x\r\n\r\n";
const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b\r\n\r\nok";

/** An answer with a body "ab" as if it had come in one chunk, or with a length. */
function inOneChunk(received: string): string {
  const joined = received.replace("1\r\na\r\n1\r\nb\r\n", "2\r\nab\r\n");
  return joined.replace("Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", "Content-Length: 2\r\n\r\nab");
}

describe("forward, of what is sent on", () => {
  it("passes request and answer on, but not what belongs to one connection, and keeps both connections", async (t) => {
    const origin = await rawOrigin(
      t,
      onHead(ok.replace("X-A", "Connection: x-own\r\nX-Own: 1\r\nKeep-Alive: timeout=5\r\nX-A")),
    );
    const { client } = await proxyWorld(t, origin.port);
    const one = await client();
    const sent = get.replace("Accept", "Connection: keep-alive, my-hop\r\nMy-Hop: 1\r\nTE: trailers\r\nAccept");
    await one.send(sent).until(/ok$/);
    await one.send(sent).until(/ok[^]+ok$/);
    assert.deepEqual(origin.received, [get + get]);
    const answer = "HTTP/1.1 200 OK\r\nX-Own: 1\r\nX-A: b\r\nContent-Length: 2\r\n\r\nok";
    assert.equal(one.received, answer + answer);
  });

  it("names itself in Via, and sends another target and host where it is told to", async (t) => {
    const origin = await rawOrigin(t, onHead(ok));
    const { client } = await proxyWorld(t, origin.port, { forward: { via: "edge", target: "/c%20d", host: "in:1" } });
    await (await client()).send(get).until(/ok$/);
    assert.deepEqual(origin.received, ["GET /c%20d HTTP/1.1\r\nHost: in:1\r\nAccept: x\r\nVia: 1.1 edge\r\n\r\n"]);
  });

  it("sends bodies small, big, in chunks and with trailers, each framed once", async (t) => {
    const origin = await rawOrigin(t, (received) =>
      /(END|abcd|Sum: 1\r\n\r\n|Length: 0\r\n\r\n)$/.test(received) ? ok : undefined,
    );
    const { client } = await proxyWorld(t, origin.port);
    const one = await client();
    const post = "POST / HTTP/1.1\r\nHost: a\r\n";
    const big = `${"x".repeat(50_000)}END`;
    one.send(`${post}Content-Length: 4\r\n\r\nxEND`);
    await one.until(/ok$/);
    one.send(`${post}Content-Length: ${big.length}\r\n\r\n${big}`);
    await one.until(/(ok[^]*){2}$/);
    one.send(`${post}Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n1\r\nd\r\n0\r\n\r\n`);
    await one.until(/(ok[^]*){3}$/);
    one.send(`${post}Transfer-Encoding: chunked\r\nTrailer: Sum\r\n\r\n3\r\nabc\r\n0\r\nSum: 1\r\n\r\n`);
    await one.until(/(ok[^]*){4}$/);
    one.send(`${post}\r\n`);
    await one.until(/(ok[^]*){5}$/);
    const wanted = [
      `${post}Content-Length: 4\r\n\r\nxEND`,
      `${post}Content-Length: ${big.length}\r\n\r\n${big}`,
      `${post}Content-Length: 4\r\n\r\nabcd`,
      `${post}Trailer: Sum\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nSum: 1\r\n\r\n`,
      `${post}Content-Length: 0\r\n\r\n`,
    ];
    assert.equal(origin.received.join(""), wanted.join(""));
  });

  it("streams a body in chunks as it comes, and asks a client that waits only when the origin does", async (t) => {
    const origin = await rawOrigin(t, (received) => {
      if (received.endsWith("0\r\nSum: 1\r\n\r\n")) return ok;
      return received.endsWith("100-continue\r\n\r\n") ? "HTTP/1.1 100 Continue\r\n\r\n" : undefined;
    });
    const { client } = await proxyWorld(t, origin.port);
    const one = await client();
    one.send("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n");
    await one.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
    one.send("3\r\nabc\r\n");
    await waitFor("the first chunk", () => origin.received[0]?.endsWith("3\r\nabc\r\n"));
    one.send("0\r\nSum: 1\r\n\r\n");
    await one.until(/ok$/);
  });

  for (const [name, answer, wanted] of [
    [
      "in chunks",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
      /Content-Length: 2\r\n\r\nab$/,
    ],
    [
      "in chunks, with trailers",
      "HTTP/1.1 200 OK\r\nTrailer: Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nSum: 1\r\n\r\n",
      /OK\r\nTrailer: Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nSum: 1\r\n\r\n$/,
    ],
    [
      "after 103",
      `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${ok}`,
      /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a>\r\n\r\nHTTP\/1\.1 200 OK[^]*ok$/,
    ],
    [
      "without a reason",
      "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
      /^HTTP\/1\.1 200 \r\nContent-Length: 2\r\n\r\nok$/,
    ],
    [
      "of 204 that says a length",
      "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
      /^HTTP\/1\.1 204 No Content\r\n\r\n$/,
    ],
    [
      "of 304",
      "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
      /^HTTP\/1\.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n$/,
    ],
  ] as const)
    it(`passes on an answer ${name}, whatever pieces it comes in`, async (t) => {
      for (const size of [1, 5, 1_000]) {
        const origin = await rawOrigin(t, (received, socket) => {
          if (!received.includes("\r\n\r\n")) return undefined;
          void (async () => {
            for (let at = 0; at < answer.length; at += size) {
              socket.write(answer.slice(at, at + size), "latin1");
              await new Promise(setImmediate);
            }
          })();
          return "";
        });
        const { client } = await proxyWorld(t, origin.port);
        const one = await client();
        one.send(get);
        await waitFor("the whole", () => wanted.test(one.received) || wanted.test(inOneChunk(one.received)));
        one.socket.destroy();
      }
    });

  it("sends on an answer that ends with its connection, and tells the client where it ends", async (t) => {
    const origin = await rawOrigin(t, (_received, socket) => {
      socket.end("HTTP/1.1 200 OK\r\n\r\nabc");
      return "";
    });
    const { client } = await proxyWorld(t, origin.port);
    const one = (await client()).send(get);
    assert.match(await one.until(/0\r\n\r\n$/), /Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n$/);
    const old = (await client()).send("GET / HTTP/1.0\r\n\r\n");
    assert.equal(await old.all(), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc");
  });

  it("streams both ways at the pace of the slower side", async (t) => {
    const size = 16 * 1024 * 1024;
    const origin = await rawOrigin(t, (received, socket) => {
      if (!received.includes("\r\n\r\n")) return undefined;
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
      socket.write(Buffer.alloc(size));
      return "";
    });
    const { client } = await proxyWorld(t, origin.port);
    const one = await client();
    one.socket.pause();
    one.send(get);
    await new Promise((resolve) => setTimeout(resolve, 150));
    const [socket] = origin.sockets;
    assert.ok((socket?.writableLength ?? 0) > size / 4, "the origin still holds most of it");
    let got = 0;
    one.socket.removeAllListeners("data").on("data", (data: Buffer) => {
      got += data.length;
    });
    one.socket.resume();
    await waitFor("all of it", () => got > size);
  });

  it("joins client and origin once both have changed to WebSocket", async (t) => {
    const origin = await rawOrigin(t, (received) => {
      if (received.startsWith("GET"))
        return "HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: WebSocket\r\nSec-A: b\r\n\r\nhello";
      return `(${received})`;
    });
    const { client } = await proxyWorld(t, origin.port);
    const one = await client();
    one.send("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly");
    await one.until(/\(early\)$/);
    assert.match(
      one.received,
      /^HTTP\/1\.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-A: b\r\n\r\nhello/,
    );
    await one.send("\0\xff").until(/\(\0\xff\)$/);
    origin.sockets[0]?.end("bye");
    assert.match(await one.all(), /bye$/);
  });

  it("does not ask for a protocol that it would not pass on", async (t) => {
    const origin = await rawOrigin(t, onHead(ok));
    const { client } = await proxyWorld(t, origin.port);
    const one = await client();
    one.send(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n",
    );
    await one.until(/ok$/);
    assert.deepEqual(origin.received, ["GET / HTTP/1.1\r\nHost: a\r\n\r\n"]);
  });
});

describe("forward, of origins that fail", () => {
  for (const [name, answer, code] of [
    [
      "two readings of its end",
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "ORIGIN_ANSWER_INVALID",
    ],
    ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", "ORIGIN_ANSWER_INVALID"],
    ["a bare LF", "HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nok", "ORIGIN_ANSWER_INVALID"],
    ["a status that is none", "HTTP/1.1 20x OK\r\n\r\n", "ORIGIN_ANSWER_INVALID"],
    ["what is not HTTP", "SSH-2.0-x\r\n\r\n", "ORIGIN_ANSWER_INVALID"],
    ["a chunk that is none", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "ORIGIN_ANSWER_INVALID"],
    [
      "a protocol not asked for",
      "HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
      "ORIGIN_ANSWER_INVALID",
    ],
    ["a head without an end", `HTTP/1.1 200 OK\r\nX: ${"a".repeat(70_000)}`, "ORIGIN_ANSWER_INVALID"],
  ] as const)
    it(`answers 502 where an origin sends ${name}`, async (t) => {
      const origin = await rawOrigin(t, onHead(answer));
      const { client } = await proxyWorld(t, origin.port);
      const received = await (await client()).send(get).until(/\}$/);
      assert.match(received, new RegExp(`^HTTP/1.1 502 .*"code":"${code}"`, "s"));
    });

  it("sends a request again, once, when a kept connection was closed meanwhile, but none that changes things", async (t) => {
    let requests = 0;
    const origin = await rawOrigin(t, (_received, socket) => {
      requests++;
      if (requests % 2 === 1) return ok;
      socket.destroy();
      return "";
    });
    const { client } = await proxyWorld(t, origin.port);
    const one = await client();
    await one.send(get).until(/ok$/);
    await one.send(get).until(/ok[^]*ok$/);
    assert.equal(requests, 3);
    await one.send("POST / HTTP/1.1\r\nHost: a\r\n\r\n").until(/502[^]*ORIGIN_CUT_OFF[^]*\}$/);
    assert.equal(requests, 4);
  });

  it("says that an origin which takes no connection has seen nothing, so that another can be tried", async (t) => {
    const there = await rawOrigin(t, onHead(ok));
    const failures: unknown[] = [];
    const { pool } = await proxyWorld(t, there.port);
    const bad = pool.origin("127.0.0.1", 1);
    const server = new Http1Server(new FakeClock(), (exchange) =>
      forward(exchange, bad, {
        onFailure: (error) => {
          failures.push([error.code, error.details["sent"]]);
          forward(exchange, pool.origin("127.0.0.1", there.port));
        },
      }),
    );
    const port = await server.listen({ port: 0, host: "127.0.0.1" });
    const answer = await fetch(`http://127.0.0.1:${port}/`, {
      method: "PUT",
      body: "abc",
      headers: { connection: "close" },
    });
    assert.equal(await answer.text(), "ok");
    assert.deepEqual(failures, [["ORIGIN_UNREACHABLE", false]]);
    assert.match(there.received[0] ?? "", /^PUT \/ [^]*\r\n\r\nabc$/);
    await server.close();
  });

  it("cuts an answer off where the origin did, so that none takes it for whole", async (t) => {
    for (const framing of ["Content-Length: 9", "Transfer-Encoding: chunked"]) {
      const origin = await rawOrigin(t, (_received, socket) => {
        socket.end(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n3\r\nabc`);
        return "";
      });
      const outcomes: Outcome[] = [];
      const { client } = await proxyWorld(t, origin.port, {}, (exchange) => {
        exchange.onEnd = (outcome) => void outcomes.push(outcome);
      });
      const received = await (await client()).send(get).all();
      assert.doesNotMatch(received, /0\r\n\r\n$/);
      assert.deepEqual(outcomes, ["cut-off"]);
    }
  });

  it("gives an answer that nobody asked for to nobody", async (t) => {
    const origin = await rawOrigin(t, onHead(ok + ok.replace("ok", "no")));
    const { client, origin: known } = await proxyWorld(t, origin.port);
    const one = await client();
    await one.send(get).until(/ok$/);
    await waitFor("it to be closed", () => known.connections.open === 0);
    await one.send(get).until(/ok[^]*ok$/);
    assert.equal(origin.sockets.length, 2);
  });

  it("stops the origin's work when the client goes away", async (t) => {
    const origin = await rawOrigin(t, () => undefined);
    const { client } = await proxyWorld(t, origin.port);
    const one = (await client()).send(get);
    await waitFor("the request", () => origin.received[0] === get);
    one.socket.destroy();
    await waitFor("its end", () => origin.sockets[0]?.destroyed);
  });

  it("never ends a request that its client broke off", async (t) => {
    const origin = await rawOrigin(t, () => undefined);
    const { client } = await proxyWorld(t, origin.port);
    const one = (await client()).send("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    await waitFor("the first part", () => origin.received[0]?.endsWith("abc\r\n"));
    one.send("xyz");
    assert.match(await one.all(), /^HTTP\/1\.1 400 [^]*HTTP_CHUNK_INVALID/);
    await waitFor("its end", () => origin.sockets[0]?.destroyed);
    assert.doesNotMatch(origin.received[0] ?? "", /0\r\n\r\n$/);
  });

  it("gives up an origin that does not answer, or stops within an answer", async (t) => {
    const silent = await rawOrigin(t, () => undefined);
    const first = await proxyWorld(t, silent.port, { pool: { headMs: 500 } });
    const one = (await first.client()).send(get);
    await waitFor("the request", () => silent.received[0] === get);
    await first.originClock.advance(700);
    await one.until(/^HTTP\/1\.1 504 [^]*ORIGIN_TIMEOUT[^]*\}$/);
    const stopping = await rawOrigin(t, onHead("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"));
    const second = await proxyWorld(t, stopping.port, { pool: { bodyMs: 500 } });
    const two = (await second.client()).send(get);
    await two.until(/ab$/);
    await second.originClock.advance(700);
    assert.match(await two.all(), /ab$/);
  });

  it("lets requests wait for a connection when all are busy, and says so when too many do", async (t) => {
    const origin = await rawOrigin(t, () => undefined);
    const { client, originClock } = await proxyWorld(t, origin.port, {
      pool: { connections: 1, waiting: 1, waitMs: 500 },
    });
    const one = (await client()).send(get);
    await waitFor("the request", () => origin.received[0] === get);
    const two = (await client()).send(get.replace("/a", "/two"));
    await new Promise((resolve) => setTimeout(resolve, 20));
    const three = (await client()).send(get);
    await three.until(/^HTTP\/1\.1 503 [^]*ORIGIN_BUSY/);
    origin.sockets[0]?.write(ok);
    await one.until(/ok$/);
    await waitFor("the second", () => origin.received[0]?.includes("/two"));
    const four = (await client()).send(get);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await originClock.advance(700);
    await four.until(/^HTTP\/1\.1 503 [^]*ORIGIN_BUSY/);
    assert.equal(two.received, "");
  });

  it("keeps a connection no longer than it is told", async (t) => {
    const origin = await rawOrigin(t, onHead(ok));
    const { client, originClock, origin: known } = await proxyWorld(t, origin.port, { pool: { idleMs: 1_000 } });
    await (await client()).send(get).until(/ok$/);
    assert.deepEqual(known.connections, { open: 1, idle: 1 });
    await originClock.advance(1_200);
    await waitFor("its end", () => known.connections.open === 0);
    await originClock.advance(200);
    assert.equal(originClock.pendingTimers, 0);
  });

  it("refuses to send what would break the request", async (t) => {
    const errors: unknown[] = [];
    const origin = await rawOrigin(t, onHead(ok));
    const { pool } = await proxyWorld(t, origin.port);
    const text = get.slice(0, -4);
    const head = parseRequestHead(get, 0, text.length, messageLimits);
    const exchange = new Exchange(undefined as never, head, Buffer.alloc(0), undefined);
    for (const options of [
      { target: "/a\r\nX: y" },
      { target: "a" },
      { target: "/a b" },
      { host: "a\r\nX: y" },
      { host: "a/b" },
    ])
      try {
        forward(exchange, pool.origin("127.0.0.1", origin.port), options);
      } catch (error) {
        errors.push((error as { code: string }).code);
      }
    assert.deepEqual(
      errors,
      Array.from({ length: 5 }, () => "HTTP_TARGET_UNSENDABLE"),
    );
    assert.deepEqual(origin.received, []);
  });
});

describe("forward, of what goes on at the same time", () => {
  it("gives the client an answer that does not wait for its body, then ends both connections", async (t) => {
    const origin = await rawOrigin(t, onHead("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"));
    const { client, clock, server } = await proxyWorld(t, origin.port);
    const one = (await client()).send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\n\r\nabc");
    await one.until(/^HTTP\/1\.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno$/);
    await waitFor("the origin's end", () => origin.sockets[0]?.destroyed);
    one.send("x".repeat(1_000));
    await clock.advance(2_500);
    await waitFor("the client's end", () => server.connections === 0);
  });

  it("keeps what belongs to whom apart, for 64 clients at once over connections that are shared", async (t) => {
    const origin = await rawOrigin(t, (received) => {
      const target = /^\w+ (\S+) [^]*\r\n\r\n$/.exec(received)?.[1];
      return target === undefined ? undefined : `HTTP/1.1 200 OK\r\nContent-Length: ${target.length}\r\n\r\n${target}`;
    });
    const { client, origin: known } = await proxyWorld(t, origin.port, { pool: { connections: 7, waitMs: 10_000 } });
    await Promise.all(
      Array.from({ length: 64 }, async (_, who) => {
        const one = await client();
        let wanted = "";
        for (let turn = 0; turn < 10; turn++) {
          const target = `/client-${who}/turn-${turn}`;
          wanted += `HTTP/1.1 200 OK\r\nContent-Length: ${target.length}\r\n\r\n${target}`;
          one.send(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
          if (turn % 3 === 0) await waitFor("the answers", () => one.received.length >= wanted.length, { everyMs: 1 });
        }
        await waitFor("all answers", () => one.received.length >= wanted.length, { everyMs: 1 });
        assert.equal(one.received, wanted);
      }),
    );
    assert.ok(known.connections.open <= 7, `${known.connections.open} connections`);
  });
});

describe("forward, to another origin", () => {
  it("can send a body that streams there, when the first took no connection", async (t) => {
    const there = await rawOrigin(t, (received) => (received.endsWith("END") ? ok : undefined));
    const { pool } = await proxyWorld(t, there.port);
    const { client } = await serverWorld(t, {}, (exchange) =>
      forward(exchange, pool.origin("127.0.0.1", 1), {
        onFailure: () => forward(exchange, pool.origin("127.0.0.1", there.port), { via: "" }),
      }),
    );
    const head = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\n\r\n";
    const one = (await client()).send(`${head}${"x".repeat(40_000)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
    one.send(`${"y".repeat(49_997)}END`);
    await one.until(/ok$/);
    assert.equal(there.received.join(""), `${head}${"x".repeat(40_000)}${"y".repeat(49_997)}END`);
  });
});
