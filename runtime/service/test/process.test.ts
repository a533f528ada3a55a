import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import { test } from "node:test";
import { waitFor } from "@holdfast/testing";
import { imports, start } from "./child.ts";

test("SIGTERM under load loses no request and ends with 0", async () => {
  await using child = await start();
  const url = `http://127.0.0.1:${child.port}/`;
  const results: Promise<number>[] = [];
  for (let i = 0; i < 10; i++) results.push(fetch(url).then((answer) => answer.text().then(() => answer.status)));
  await new Promise((resolve) => setTimeout(resolve, 30));
  child.process.kill("SIGTERM");
  assert.deepEqual(
    await Promise.all(results),
    Array.from({ length: 10 }, () => 200),
  );
  const [code] = await once(child.process, "exit");
  assert.equal(code, 0, child.output());
});

test("SIGTERM while it starts ends a service with 0 before it has registered", async () => {
  let registrations = 0;
  const registry = createServer((_req, res) => {
    registrations += 1;
    res.writeHead(204).end();
  });
  registry.listen(0, "127.0.0.1");
  await once(registry, "listening");
  const bound = registry.address();
  assert.ok(typeof bound === "object" && bound !== null);
  await using child = await start({
    program: `${imports} await serve({ handler: () => {}, health: () => new Promise(() => console.log("asked")) });`,
    environment: { HOLDFAST_REGISTRIES: `http://127.0.0.1:${bound.port}` },
    until: "asked",
  });
  child.process.kill("SIGTERM");
  const [code] = await once(child.process, "exit");
  registry.close();
  assert.deepEqual([code, registrations], [0, 0], child.output());
});

test("a second SIGTERM ends a service at once", async () => {
  await using child = await start({ program: `${imports} await serve({ handler: () => {} });` });
  const hanging = fetch(`http://127.0.0.1:${child.port}/`).catch((error: unknown) => error);
  await new Promise((resolve) => setTimeout(resolve, 100));
  child.process.kill("SIGTERM");
  await new Promise((resolve) => setTimeout(resolve, 100));
  const from = performance.now();
  child.process.kill("SIGTERM");
  const [code] = await once(child.process, "exit");
  assert.equal(code, 130);
  assert.ok(performance.now() - from < 1_000);
  assert.ok((await hanging) instanceof Error);
});

test("of two services in one process, the one that stops first does not cut the other off", async () => {
  const quick = 'await serve({ name: "quick", port: 0, handler: (req, res) => res.end() });';
  await using child = await start({
    program: `${imports} ${quick} await serve({ name: "late", handler: (req, res) => setTimeout(() => res.end("ok"), 600) });`,
    until: '"service":"late"',
  });
  const answer = fetch(`http://127.0.0.1:${child.port}/`).then((response) => response.text());
  await new Promise((resolve) => setTimeout(resolve, 100));
  child.process.kill("SIGTERM");
  assert.equal(await answer, "ok");
  const [code] = await once(child.process, "exit");
  assert.equal(code, 0, child.output());
});

test("a service out of file descriptors sheds, reports, and serves again when they are free", async (t) => {
  if (process.platform !== "linux") return t.skip("skipped: needs prlimit");
  await using child = await start({ prefix: ["sh", "-c", 'ulimit -n 60; exec "$0" "$@"'] });
  const sockets = Array.from({ length: 80 }, () => connect(child.port, "127.0.0.1").on("error", () => {}));
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(child.process.exitCode, null, child.output());
  for (const socket of sockets) socket.destroy();
  await waitFor("an answer after the flood", async () => {
    const answer = await fetch(`http://127.0.0.1:${child.port}/`, { signal: AbortSignal.timeout(1_000) });
    return (await answer.text()) === "ok";
  });
  assert.match(child.output(), /service\.accept\.shed/);
});
