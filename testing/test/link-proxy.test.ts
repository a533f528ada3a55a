import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { SystemClock } from "@holdfast/kernel";
import { LinkProxy, waitFor } from "@holdfast/testing";

async function echoServer() {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return {
    port: address.port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test("a cut link holds bytes back and a healed one delivers them", async () => {
  await using echo = await echoServer();
  await using link = await LinkProxy.start(new SystemClock(), { address: "127.0.0.1", port: echo.port });
  const client = connect(link.port, "127.0.0.1");
  let got = "";
  client.on("data", (chunk) => (got += String(chunk)));
  client.write("one ");
  await waitFor("the first echo", () => got === "one ");
  link.set({ kind: "cut" });
  client.write("two");
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.equal(got, "one ");
  link.set({ kind: "pass" });
  await waitFor("the second echo", () => got === "one two");
  client.destroy();
});

test("a delayed link adds its delay each way", async () => {
  await using echo = await echoServer();
  await using link = await LinkProxy.start(new SystemClock(), { address: "127.0.0.1", port: echo.port });
  link.set({ kind: "delay", ms: 40 });
  const client = connect(link.port, "127.0.0.1");
  await once(client, "connect");
  const from = performance.now();
  client.write("x");
  await once(client, "data");
  assert.ok(performance.now() - from >= 79, `took ${performance.now() - from} ms`);
  client.destroy();
});

test("a dropped link resets what is open and refuses what is new", async () => {
  await using echo = await echoServer();
  await using link = await LinkProxy.start(new SystemClock(), { address: "127.0.0.1", port: echo.port });
  const client = connect(link.port, "127.0.0.1");
  client.write("x");
  await once(client, "data");
  const failed = once(client, "error");
  link.set({ kind: "drop" });
  const [error] = await failed;
  assert.match(String(error), /ECONNRESET/);
  await waitFor("the pair to be forgotten", () => link.connections === 0);
});
