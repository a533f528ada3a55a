import assert from "node:assert/strict";
import { test } from "node:test";
import { names, Peers } from "./peers.ts";
import { recordOf } from "./records.ts";

test("an Eureka client whose registration also reached a registry that then heard nothing of it stays where it renews", async () => {
  const peers = new Peers(1);
  await peers.start();
  const { incarnation: _, version: __, ...said } = recordOf("i-1");
  peers.cut("a", "c");
  peers.cut("b", "c");
  peers.get("a").put(said, "client");
  await peers.clock.advance(300);
  // The client had given up waiting for c: c takes what was under way, and stamps it later than a did.
  peers.get("c").put(said, "client");

  for (let second = 0; second < 12; second++) {
    await peers.clock.advance(1_000);
    assert.notEqual(peers.get("a").renew("catalog", "i-1"), undefined, `second ${second}`);
  }
  assert.equal(peers.get("c").get("catalog", "i-1"), undefined);
  peers.heal();
  for (let i = 0; i < 60; i++) {
    await peers.clock.advance(100);
    if (i % 20 === 0)
      assert.notEqual(peers.get("a").renew("catalog", "i-1"), undefined, `${i * 100} ms after the link healed`);
    assert.notEqual(peers.get("a").get("catalog", "i-1"), undefined, `${i * 100} ms after the link healed`);
  }
  for (const name of names) assert.equal(peers.get(name).size, 1, name);
  await peers.close();
});
