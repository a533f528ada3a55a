import assert from "node:assert/strict";
import { test } from "node:test";
import { ZoneNetwork } from "../src/zone-network.ts";

/** Refuses a second network of the same name, as Podman does. */
class Engine {
  readonly asked: string[] = [];
  isThere = false;

  async network(): Promise<undefined | { Name: string; Labels: null; IPAM: { Config: null } }> {
    this.asked.push("look");
    await Promise.resolve();
    return this.isThere ? { Name: "a", Labels: null, IPAM: { Config: null } } : undefined;
  }

  async createNetwork(): Promise<void> {
    this.asked.push("create");
    await Promise.resolve();
    if (this.isThere) throw new Error("network name a already used");
    this.isThere = true;
  }

  removeNetwork(): Promise<void> {
    this.asked.push("remove");
    if (!this.isThere) return Promise.reject(new Error("no such network"));
    this.isThere = false;
    return Promise.resolve();
  }
}

const bridge = { kind: "bridge", name: "a", subnet: "10.1.0.0/24" } as const;

test("several that need it at once make one network", async () => {
  const engine = new Engine();
  const network = new ZoneNetwork(engine, bridge, {});
  const started = await Promise.all([1, 2, 3].map((one) => network.with(() => Promise.resolve(one))));
  assert.deepEqual(started, [1, 2, 3]);
  assert.deepEqual(engine.asked, ["look", "create"]);
});

test("one that is gone is made again, one that could not be made is tried again", async () => {
  const engine = new Engine();
  const network = new ZoneNetwork(engine, bridge, {});
  await network.with(() => Promise.resolve());
  await network.tidy();
  await network.tidy();
  assert.equal(engine.isThere, false);
  await network.with(() => Promise.resolve());
  assert.equal(engine.isThere, true);
});

test("it is not removed while somebody is being put into it", async () => {
  const engine = new Engine();
  const network = new ZoneNetwork(engine, bridge, {});
  await network.with(() => network.tidy());
  assert.deepEqual(engine.asked, ["look", "create"]);
});

test("the machine's own network is neither made nor removed", async () => {
  const engine = new Engine();
  const network = new ZoneNetwork(engine, { kind: "host" }, {});
  await network.with(() => Promise.resolve());
  await network.tidy();
  assert.deepEqual(engine.asked, []);
});
