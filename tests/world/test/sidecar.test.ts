import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { Stack, temporaryDirectory, waitFor } from "@holdfast/testing";
import { appInstances, bin, hasPython, load, movies, size } from "./support.ts";

/** A catalog that knows one title, in a program that links nothing of ours. */
const catalog = `
import { createServer } from "node:http";
createServer((req, res) => {
  res.setHeader("content-type", "application/json");
  res.end(JSON.stringify([{ id: 7, title: "Sunrise" }]));
}).listen(Number(process.env.PORT), process.env.HOST);
`;

/** Every request at the edge needs Python, and through its sidecar the catalog. */
const application = `
services:
  reviews:
    run: python3 app.py
    sidecar: true
    health: { path: /healthcheck }
  catalog: { run: node catalog.mjs }
routes:
  - { match: "/**", to: reviews }
`;

/** The sidecar of an instance and the program it has started. */
function processesOf(sidecarPid: number): { python: number } {
  const children = execFileSync("ps", ["--ppid", String(sidecarPid), "-o", "pid="], { encoding: "utf8" });
  return { python: Number(children.trim().split(/\s+/)[0]) };
}

test("a Python service behind sidecars: killed, its sidecars killed, restarted under load, and no request fails", async (t) => {
  if (!hasPython) return t.skip("skipped: needs python3");
  using directory = temporaryDirectory("python");
  cpSync(join(movies, "services/reviews/app.py"), join(directory.path, "app.py"));
  writeFileSync(join(directory.path, "catalog.mjs"), catalog);
  writeFileSync(join(directory.path, "holdfast.config.yaml"), application);
  await using stack = await Stack.up({ bin, application: directory.path });
  const path = "/reviews?film=7";
  const first = await fetch(new URL(path, stack.ready.edge));
  const page = (await first.json()) as { title: string; reviews: unknown[] };
  assert.deepEqual([first.status, page.title, page.reviews.length > 0], [200, "Sunrise", true]);

  const reviews = async () => (await appInstances(stack)).filter(({ name }) => name === "reviews");
  const before = await reviews();
  assert.equal(before.length, 3);
  const [a, b] = before;
  assert.ok(a?.pid && b?.pid);
  const running = load(stack.ready.edge, { rate: 25, seconds: size(14, 40), paths: [path] });
  process.kill(processesOf(a.pid).python, "SIGKILL");
  await waitFor("the program to be replaced", async () => {
    const now = await reviews();
    return now.length === 3 && now.every(({ id }) => id !== a.id);
  });
  process.kill(b.pid, "SIGKILL");
  await waitFor("the sidecar to be replaced", async () => {
    const now = await reviews();
    return now.length === 3 && now.every(({ id }) => id !== b.id);
  });
  const restart = await stack.run("restart", "reviews");
  assert.equal(restart.code, 0, restart.stderr);
  const report = await running;
  assert.equal(report.failed, 0, JSON.stringify(report.failures.slice(0, 5)));
});

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  return servers.map((server) => {
    const bound = server.address();
    server.close();
    return typeof bound === "object" && bound !== null ? bound.port : 0;
  });
}

class Command implements AsyncDisposable {
  readonly child: ChildProcess;
  output = "";

  constructor(...args: string[]) {
    this.child = spawn(process.execPath, [bin, ...args], { env: { ...process.env, NO_COLOR: "1" } });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => (this.output += text));
  }

  async ended(): Promise<number | null> {
    await waitFor("it to end", () => this.child.exitCode !== null || this.child.signalCode !== null);
    return this.child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGKILL");
    await this.ended();
  }
}

const program = `
require("node:http").createServer((req, res) => {
  res.end("ok");
  if (req.url === "/exit") process.exit(7);
}).listen(Number(process.env.PORT), process.env.HOST);
`;

test("holdfast sidecar registers a program, takes it out again, and ends with its exit code", async () => {
  const [registryPort = 0, apiPort = 0, parentPort = 0] = await freePorts(3);
  const registryUrl = `http://127.0.0.1:${registryPort}`;
  await using registry = new Command("registry", "--port", String(registryPort));
  await waitFor("the registry", async () => (await fetch(`${registryUrl}/v1/registry/health`)).ok);
  const args = ["-p", String(apiPort), "-a", "ratings", "--parent-port", String(parentPort), "--registry", registryUrl];
  const known = async (): Promise<{ status: string; port: number }[]> =>
    (await fetch(`${registryUrl}/v1/registry/instances?app=ratings`)).json() as Promise<
      { app: string; status: string; port: number }[]
    >;
  for (const [end, code] of [
    [(command: Command) => command.child.kill("SIGTERM"), 143],
    [() => fetch(`http://127.0.0.1:${parentPort}/exit`).then((got) => got.text()), 7],
  ] as const) {
    await using sidecar = new Command("sidecar", ...args, "--", process.execPath, "-e", program);
    await waitFor("it to be registered", async () => {
      const [one] = await known();
      return one?.status === "UP" && one.port === parentPort;
    });
    assert.equal(await (await fetch(`http://127.0.0.1:${apiPort}/to/ratings/x`)).text(), "ok");
    await end(sidecar);
    assert.equal(await sidecar.ended(), code, sidecar.output);
    assert.deepEqual(await known(), []);
  }
  assert.equal(registry.child.exitCode, null);
});

test("holdfast sidecar says what is wrong and ends as a shell would", async () => {
  const [apiPort = 0] = await freePorts(1);
  const table = [
    [["-p", String(apiPort), "--", "no-such-program"], 127, "COMMAND_NOT_FOUND"],
    [["-p", "nonsense"], 2, "OPTION_INVALID"],
    [["-c", "/nowhere/prana.properties"], 2, "CONFIG_UNREADABLE"],
  ] as const;
  for (const [args, code, name] of table) {
    await using command = new Command("sidecar", ...args);
    assert.equal(await command.ended(), code, command.output);
    assert.match(command.output, new RegExp(`code: ${name}`));
  }
});
