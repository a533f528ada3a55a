import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { test } from "node:test";
import { waitFor } from "@holdfast/testing";
import { bin } from "./support.ts";

class Standalone implements AsyncDisposable {
  readonly url: string;
  readonly #child: ChildProcess;
  output = "";

  constructor(port: number, ...args: string[]) {
    this.url = `http://127.0.0.1:${port}`;
    const env = { ...process.env, NO_COLOR: "1" };
    this.#child = spawn(process.execPath, [bin, "registry", "--port", String(port), ...args], { env });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => (this.output += text));
    }
  }

  async ready(): Promise<void> {
    await waitFor("the registry to serve", async () => {
      return (await fetch(`${this.url}/v1/registry/health`).catch(() => undefined))?.ok === true;
    });
  }

  /** Its exit code. */
  stop(): Promise<number | null> {
    this.#child.kill("SIGINT");
    return this.ended();
  }

  /** Its exit code, when it ends by itself. */
  async ended(): Promise<number | null> {
    await waitFor("it to end", () => this.#child.exitCode !== null || this.#child.signalCode !== null);
    return this.#child.exitCode;
  }

  async ids(app: string): Promise<string[]> {
    const response = await fetch(`${this.url}/eureka/apps/${app}`, { headers: { accept: "application/json" } });
    if (!response.ok) return [];
    const answer = (await response.json()) as { application: { instance: { instanceId: string }[] } };
    return answer.application.instance.map((one) => one.instanceId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await waitFor("it to end", () => this.#child.exitCode !== null || this.#child.signalCode !== null);
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const bound = server.address();
    ports.push(typeof bound === "object" && bound !== null ? bound.port : 0);
  }
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  return ports;
}

test("two standalone registries serve Eureka's clients, tell each other, say what they do, and stop on ctrl-c", async () => {
  const [a = 0, b = 0] = await freePorts(2);
  await using first = new Standalone(a, "--name", "a", "--peers", `http://127.0.0.1:${b}`);
  await using second = new Standalone(b, "--name", "b", "--peers", `http://127.0.0.1:${a}`);
  await Promise.all([first.ready(), second.ready()]);
  assert.match(first.output, new RegExp(`^Holdfast registry a, profile fast, .* peers http://127.0.0.1:${b}\\n`));
  assert.match(first.output, new RegExp(`Eureka clients  http://127.0.0.1:${a}/eureka/v2`));

  const dataCenterInfo = {
    "@class": "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo",
    name: "MyOwn",
  };
  const instance = { instanceId: "h1:billing:80", hostName: "h1", app: "BILLING", ipAddr: "127.0.0.1", status: "UP" };
  const registered = await fetch(`${first.url}/eureka/apps/BILLING`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ instance: { ...instance, port: { $: 80, "@enabled": "true" }, dataCenterInfo } }),
  });
  assert.equal(registered.status, 204, await registered.text());
  await waitFor("the other one to know it", async () => (await second.ids("BILLING")).includes("h1:billing:80"));

  const metrics = await (await fetch(`${first.url}/metrics`)).text();
  assert.match(metrics, /registry_events.*kind="registered"/);
  assert.equal(await first.stop(), 0, first.output);
  assert.match(first.output, /stopping: its listeners go to its peers/);
  // Whoever stops takes nobody with it.
  assert.deepEqual(await second.ids("BILLING"), ["h1:billing:80"]);
  assert.equal(await second.stop(), 0, second.output);
});

test("a standalone registry whose port is taken says so in one sentence and ends with code 5", async () => {
  const [port = 0] = await freePorts(1);
  await using holder = new Standalone(port);
  await holder.ready();
  await using second = new Standalone(port);
  await waitFor("it to have given up", () => second.output.includes("PORT_TAKEN"));
  assert.match(second.output, new RegExp(`^✖ port ${port} of 127.0.0.1 is taken by another program\\n  try: holdfast`));
  assert.equal(await second.ended(), 5);
  assert.equal(await holder.stop(), 0);
});
