import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { describe, it, type TestContext } from "node:test";
import { SeededRandom } from "@holdfast/kernel";
import { generate } from "./differential/generate.ts";
import { type ProxyWorld, proxyWorld, rawOrigin } from "./proxy-world.ts";
import { chunks, lines, smuggling } from "./request-vectors.ts";

/** All an origin on `node:http` was asked, as `METHOD target body`; and a proxy before it, with what went through. */
async function watched(t: TestContext): Promise<{ world: ProxyWorld; asked: string[]; passed: string[] }> {
  const asked: string[] = [];
  const passed: string[] = [];
  const server = createServer((req, res) => {
    let body = "";
    req.setEncoding("latin1");
    req.on("data", (piece: string) => {
      body += piece;
    });
    req.on("end", () => {
      asked.push(`${req.method} ${req.url} ${body}`);
      res.end("ok");
    });
    req.on("error", () => undefined);
  });
  server.on("clientError", (error, socket) => {
    asked.push(`what it could not read: ${error.message}`);
    socket.destroy();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : 0;
  const world = await proxyWorld(t, port, { server: { halfOpen: true } }, ({ request, body }) => {
    passed.push(`${request.method} ${request.target} ${body === undefined ? "(streams)" : body.toString("latin1")}`);
  });
  return { world, asked, passed };
}

describe("what reaches an origin", () => {
  it("is nothing that hides behind another message, whatever the vector", async (t) => {
    const origin = await rawOrigin(t, (received) =>
      received.endsWith("\r\n\r\n") ? "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" : undefined,
    );
    const { client, clock } = await proxyWorld(t, origin.port);
    for (const [name, message, code] of [...smuggling, ...chunks, ...lines]) {
      if (code === "") continue;
      const before = origin.received.length;
      const received = await (await client()).send(`${message}GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n`).all();
      assert.match(received, /^HTTP\/1\.1 [45]/, name);
      assert.equal(origin.received.slice(before).join(""), "", name);
    }
    assert.equal(origin.received.join("").includes("/hidden"), false);
    await clock.advance(2_500);
  });

  it("is what went through, request for request, of 500 connections of mostly damaged requests", async (t) => {
    const { world, asked, passed } = await watched(t);
    let compared = 0;
    for (let seed = 1; seed <= 500; seed++) {
      asked.length = passed.length = 0;
      const one = await world.client();
      one
        .send(generate(new SeededRandom(seed)))
        .send("\r\n\r\nGET /end HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      one.socket.end();
      await one.all();
      for (const [at, request] of asked.entries()) {
        const wanted = passed[at] ?? "nothing";
        const [method = "", target = ""] = wanted.split(" ");
        // What streamed was handed out before its body was known.
        if (wanted.endsWith("(streams)")) assert.ok(request.startsWith(`${method} ${target} `), `seed ${seed}`);
        else assert.equal(request, wanted, `seed ${seed}`);
      }
      compared += asked.length;
    }
    assert.ok(compared > 200, `compared ${compared}`);
  });
});
