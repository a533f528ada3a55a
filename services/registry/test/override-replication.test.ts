import assert from "node:assert/strict";
import { test } from "node:test";
import { readReplicate } from "../src/validate.ts";
import { names, Peers } from "./peers.ts";
import { recordOf } from "./records.ts";

/** Three registries whose calls are read as strictly as in production. */
async function strictPeers(seed: number): Promise<Peers> {
  const peers = new Peers(seed);
  for (const name of names) {
    const registry = peers.get(name);
    const replicate = registry.replicate.bind(registry);
    registry.replicate = (request) => replicate(readReplicate(JSON.parse(JSON.stringify(request))));
  }
  await peers.start();
  return peers;
}

test("an override that is taken back without a reason ends everywhere and breaks no link", async () => {
  const peers = await strictPeers(1);
  peers.get("a").register(recordOf("i-1"));
  await peers.clock.advance(300);
  peers.get("a").setOverride("catalog", "i-1", "DOWN", "operator", "maintenance");
  await peers.clock.advance(300);
  for (const name of names) assert.deepEqual(peers.view(name), ["i-1 1 DOWN"], name);

  peers.get("b").clearOverride("catalog", "i-1", "operator");
  await peers.clock.advance(3_000);

  for (const name of names) {
    assert.deepEqual(peers.view(name), ["i-1 1 UP"], name);
    assert.deepEqual(
      peers
        .get(name)
        .peers()
        .map((peer) => peer.state),
      ["up", "up"],
      name,
    );
  }
  await peers.close();
});

test("an override that ends with its instance reaches the peers, however long the cause of that is", async () => {
  const peers = await strictPeers(2);
  const record = recordOf("i-1");
  peers.get("a").register(record);
  await peers.clock.advance(300);
  peers.get("a").setOverride("catalog", "i-1", "DOWN", "operator", "maintenance");
  await peers.clock.advance(300);

  peers.get("a").remove(record.id, record.app, "x".repeat(1_024), record.incarnation);
  await peers.clock.advance(3_000);

  for (const name of names) {
    assert.deepEqual(peers.view(name), [], name);
    assert.deepEqual(peers.get(name).overrides(), [], name);
    assert.ok(
      peers
        .get(name)
        .peers()
        .every((peer) => peer.state === "up"),
      name,
    );
  }
  await peers.close();
});
