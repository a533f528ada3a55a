import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { test } from "node:test";
import { waitFor } from "@holdfast/testing";

const program = `
import { serve } from "@holdfast/service";
await serve({ name: "slow", handler: (req, res) => setTimeout(() => res.end("ok"), 60) });
`;

interface Child extends AsyncDisposable {
  readonly process: ChildProcess;
  readonly port: number;
  readonly output: () => string;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const bound = server.address();
  server.close();
  assert.ok(typeof bound === "object" && bound !== null);
  return bound.port;
}

async function start(prefix: readonly string[] = []): Promise<Child> {
  const port = await freePort();
  const command = [...prefix, process.execPath, "--input-type=module-typescript", "-e", program];
  const [file = "", ...args] = command;
  const child = spawn(file, args, {
    cwd: import.meta.dirname,
    env: { PATH: process.env["PATH"], PORT: String(port), HOST: "127.0.0.1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout?.on("data", (chunk) => (output += String(chunk)));
  child.stderr?.on("data", (chunk) => (output += String(chunk)));
  await waitFor("the service to start", () => output.includes("service.started"));
  return {
    process: child,
    port,
    output: () => output,
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGKILL");
        await once(child, "exit");
      }
    },
  };
}

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

test("a service out of file descriptors sheds, reports, and serves again when they are free", async (t) => {
  if (process.platform !== "linux") return t.skip("skipped: needs prlimit");
  await using child = await start(["sh", "-c", 'ulimit -n 60; exec "$0" "$@"']);
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
