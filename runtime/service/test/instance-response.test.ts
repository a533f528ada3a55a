import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { Headers } from "@holdfast/wire";
import { responseOf } from "../src/instance-response.ts";

const id = "i-0123456789abcdef";

async function answerOf(write: (res: ServerResponse) => void): Promise<Response> {
  const server = createServer({ ServerResponse: responseOf(id) }, (_req, res) => write(res));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await response.arrayBuffer();
    return response;
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const ways: [string, (res: ServerResponse) => void, string][] = [
  ["no head of its own", (res) => res.end("x"), "OK"],
  ["headers set before", (res) => void res.setHeader("x-own", "1").end("x"), "OK"],
  ["an object of headers", (res) => res.writeHead(200, { "x-own": "1" }).end("x"), "OK"],
  ["a reason", (res) => res.writeHead(200, "Fine").end("x"), "Fine"],
  ["a reason and an object", (res) => res.writeHead(200, "Fine", { "x-own": "1" }).end("x"), "Fine"],
  ["a flat list", (res) => res.writeHead(200, ["x-own", "1"]).end("x"), "OK"],
  ["headers set before, and an object", (res) => res.setHeader("x-own", "1").writeHead(200, { a: "2" }).end("x"), "OK"],
  ["flushed headers", (res) => (res.setHeader("x-own", "1").flushHeaders(), res.end("x")), "OK"],
];

for (const [way, write, reason] of ways) {
  test(`an answer names its instance: ${way}`, async () => {
    const response = await answerOf(write);
    assert.equal(response.headers.get(Headers.instance), id);
    assert.equal(response.statusText, reason);
    assert.equal(response.headers.get("x-own"), write.toString().includes("x-own") ? "1" : null);
  });
}
