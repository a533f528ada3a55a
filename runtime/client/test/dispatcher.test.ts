import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { Worker } from "node:worker_threads";
import { setGlobalDispatcher } from "@holdfast/client";
import { waitFor } from "@holdfast/testing";
import { request, fetch as undiciFetch } from "undici";
import { Backend, clientOf, recordOf, resetAtOnce, WrittenList } from "./backends.ts";

afterEach(() => Backend.endAll());

test("undici's fetch and request call services by name, with retries", async () => {
  await using bad = await Backend.start("i-bad", resetAtOnce);
  await using good = await Backend.start("i-good");
  const client = clientOf(new WrittenList([bad.record(), good.record()]));
  const { dispatcher } = client;
  for (let i = 0; i < 4; i++) {
    assert.equal(await (await undiciFetch("http://catalog/titles?limit=5", { dispatcher })).text(), "i-good");
  }
  const { statusCode, body } = await request("http://catalog/", { dispatcher });
  assert.equal(statusCode, 200);
  assert.equal(await body.text(), "i-good");
  assert.equal(good.lastHeaders.host, "catalog");
  await client.close();
});

test("a body given to undici's fetch reaches another server when the first refuses", async () => {
  const gone = await Backend.start("i-gone");
  await gone.kill();
  await using good = await Backend.start("i-good", (req, res) => void req.pipe(res));
  const client = clientOf(new WrittenList([gone.record(), recordOf("i-gone-2", gone.port), good.record()]));
  for (const size of [5, 300_000]) {
    const init = { method: "POST", body: "x".repeat(size), dispatcher: client.dispatcher };
    assert.equal((await (await undiciFetch("http://catalog/", init)).text()).length, size);
  }
  await client.close();
});

test("other origins pass through", async () => {
  await using other = await Backend.start("i-other");
  const client = clientOf(new WrittenList([]));
  const { dispatcher } = client;
  const response = await undiciFetch(`http://127.0.0.1:${other.port}/`, { dispatcher });
  assert.equal(await response.text(), "i-other");
  await assert.rejects(undiciFetch("http://nobody/", { dispatcher }), (error: Error) => {
    assert.match(String(error.cause), /no service of this name/);
    return true;
  });
  await dispatcher.close();
  await client.close();
});

test("once installed, Node's own fetch calls services by name", async () => {
  await using backend = await Backend.start("i-a");
  const client = clientOf(new WrittenList([backend.record()]));
  const symbols = [Symbol.for("undici.globalDispatcher.1"), Symbol.for("undici.globalDispatcher.2")];
  const before = symbols.map((symbol) => Reflect.get(globalThis, symbol) as unknown);
  setGlobalDispatcher(client.dispatcher);
  try {
    const response = await fetch("http://catalog/", { method: "POST", body: "hello" });
    assert.equal(await response.text(), "i-a");
    assert.equal((await fetch(`http://127.0.0.1:${backend.port}/`)).status, 200);
  } finally {
    symbols.forEach((symbol, i) => void Reflect.set(globalThis, symbol, before[i]));
    await client.dispatcher.close();
    await client.close();
  }
});

test("a POST on a kept connection that the server has reset meanwhile is made on a new one", async () => {
  // The server lives in another thread, so that it can reset the connection while this one is too busy to notice.
  const source = `
    const { createServer } = require("node:http");
    const { parentPort } = require("node:worker_threads");
    let executions = 0;
    const server = createServer((req, res) => {
      req.resume();
      executions += 1;
      res.end(String(executions), () => setTimeout(() => req.url === "/reset" && req.socket.resetAndDestroy(), 20));
    });
    server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
    parentPort.on("message", () => { server.close(); server.closeAllConnections(); parentPort.close(); });`;
  const worker = new Worker(source, { eval: true });
  const port = await new Promise<number>((resolve) => worker.once("message", resolve));
  const client = clientOf(new WrittenList([recordOf("i-a", port), recordOf("i-b", port)]));
  for (let i = 0; i < 3; i++) {
    await client.service("catalog").fetch("/reset");
    const busyUntilMs = performance.now() + 60;
    while (performance.now() < busyUntilMs);
    const response = await client.service("catalog").fetch("/", { method: "POST", body: "once" });
    assert.equal(response.status, 200);
  }
  await client.close();
  worker.postMessage("end");
  await waitFor("the server's end", () => worker.threadId === -1);
});
