import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { Stack, type StackInstance, waitFor } from "@holdfast/testing";
import { bin, writeApplication } from "./support.ts";

/** It answers with the host that it was placed on. */
const program = `import { createServer } from "node:http";
createServer((req, res) => res.end(process.env.HOLDFAST_HOST)).listen(process.env.PORT, process.env.HOST);
`;

/** Two hosts of a core each: room for four instances of half a core. */
const application = `name: lodge
regions: { local-1: { zones: 1 } }
hosts:
  - { name: first, zone: local-1a, cpu: 1, memory: 1GiB }
  - { name: second, zone: local-1a, cpu: 1, memory: 1GiB }
services:
  web:
    run: node web.mjs
    scale: { min: 1, desired: 2, max: 9 }
    resources: { cpu: 0.5, memory: 128MiB }
  batch:
    run: node web.mjs
    scale: { min: 0, desired: 2, max: 9 }
    resources: { cpu: 0.5, memory: 128MiB }
`;

interface Placed extends StackInstance {
  readonly host?: string;
}
interface Capacity {
  readonly hosts: readonly { readonly name: string; readonly state: string; readonly used: { readonly cpu: number } }[];
  readonly refusals: readonly { readonly service: string; readonly zone: string; readonly reason: string }[];
}

suite("an application that declares its hosts", () => {
  let stack: Stack;
  let directory: string;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "holdfast-lodge-"));
    writeApplication(directory, { "holdfast.config.yaml": application, "web.mjs": program });
    stack = await Stack.up({ bin, application: directory });
    await placed("web", 2);
    await placed("batch", 2);
  });
  after(async () => {
    await stack.down();
    rmSync(directory, { recursive: true, force: true });
  });

  async function of(service: string): Promise<Placed[]> {
    const all: readonly Placed[] = await stack.ps();
    return all.filter(({ name, status }) => name === service && status === "up");
  }

  function placed(service: string, count: number): Promise<unknown> {
    const there = async (): Promise<boolean> => (await of(service)).length === count;
    return waitFor(`${count} of ${service}`, there, { timeoutMs: 30_000, everyMs: 200 });
  }

  async function json<T>(...args: string[]): Promise<T> {
    const result = await stack.run(...args, "--json");
    assert.equal(result.code, 0, result.stderr);
    return JSON.parse(result.stdout) as T;
  }

  async function scale(service: string, desired: number): Promise<void> {
    const answer = await stack.api(`/v1/services/${service}/scale`, { desired });
    assert.equal(answer.status, 202, await answer.text());
  }

  test("each instance knows its host, and ps, the registry and capacity say the same", async () => {
    const instances = [...(await of("web")), ...(await of("batch"))];
    for (const name of ["first", "second"]) assert.equal(instances.filter(({ host }) => host === name).length, 2);
    const hostsOfWeb = (await of("web")).map(({ host }) => host);
    const said = await (await fetch(stack.ready.edge)).text();
    assert.ok(hostsOfWeb.includes(said), `${said} is none of ${hostsOfWeb.join(", ")}`);
    const registered = await stack.run("discovery", "web", "--json");
    for (const host of new Set(hostsOfWeb)) assert.ok(registered.stdout.includes(`"host":"${host}"`));
    const { hosts } = await json<Capacity>("capacity");
    assert.deepEqual(
      hosts.map(({ name, used }) => [name, used.cpu]),
      [
        ["first", 1],
        ["second", 1],
      ],
    );
  });

  test("when all hosts are full a launch waits with its reason, and gets the room that comes free", async () => {
    await scale("web", 3);
    const refused = async (): Promise<Capacity["refusals"][number] | undefined> =>
      (await json<Capacity>("capacity")).refusals.find(({ service }) => service === "web");
    await waitFor("the refusal", async () => (await refused()) !== undefined, { timeoutMs: 10_000, everyMs: 200 });
    assert.match((await refused())?.reason ?? "", /^2 of 2 hosts of local-1a lack 0\.5 CPUs$/);
    const status = await stack.run("status");
    assert.match(status.stdout, /web.*local-1a: no host has room: 2 of 2 hosts of local-1a lack 0\.5 CPUs/);
    assert.equal((await of("web")).length, 2);

    await scale("batch", 1);
    await placed("web", 3);
    assert.equal(await refused(), undefined);
  });

  test("a control that was killed finds every place taken again, and a drained host stays closed", async () => {
    const before = new Map((await of("web")).map(({ id, host }) => [id, host]));
    const control = (await stack.ps()).find(({ kind }) => kind === "control");
    assert.ok(control !== undefined && control.pid !== null);
    process.kill(control.pid, "SIGKILL");
    const full = async (): Promise<boolean> => {
      const result = await stack.run("capacity", "--json");
      if (result.code !== 0) return false;
      const { hosts }: Capacity = JSON.parse(result.stdout);
      return hosts.length === 2 && hosts.every(({ used }) => used.cpu === 1);
    };
    await waitFor("the places after control's death", full, { timeoutMs: 30_000, everyMs: 300 });
    assert.deepEqual(new Map((await of("web")).map(({ id, host }) => [id, host])), before);

    await scale("batch", 0);
    await scale("web", 2);
    await placed("web", 2);
    await placed("batch", 0);
    const drained = await stack.run("host", "drain", "first", "--reason", "new disk");
    assert.equal(drained.code, 0, drained.stderr);
    const empty = async (): Promise<boolean> => {
      const { hosts } = await json<Capacity>("capacity");
      return hosts.some(({ name, state, used }) => name === "first" && state === "drained" && used.cpu === 0);
    };
    await waitFor("the drained host to be empty", empty, { timeoutMs: 40_000, everyMs: 300 });
    assert.deepEqual(
      (await of("web")).map(({ host }) => host),
      ["second", "second"],
    );
    const unknown = await stack.run("host", "drain", "third");
    assert.equal(unknown.code, 3);
    assert.match(unknown.stderr, /HOST_UNKNOWN/);
  });
});
