import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom } from "@holdfast/kernel";
import type { InstanceRecord } from "@holdfast/wire";
import { type Name, names, Peers } from "./peers.ts";
import { recordOf } from "./records.ts";

/** An instance as its owner knows it: renews at its registry, goes to the next one when that does not know it. */
interface Owner {
  record: InstanceRecord;
  home: Name;
  isDead: boolean;
}

function heartbeat(peers: Peers, owner: Owner): void {
  if (owner.isDead) return;
  const registry = peers.get(owner.home);
  try {
    registry.renewOwn(owner.record.app, owner.record.id, owner.record);
  } catch {
    registry.register(owner.record);
  }
}

test("three peers agree within a second of a change", async () => {
  const peers = new Peers(1);
  await peers.start();

  peers.get("a").register(recordOf("i-1"));
  await peers.clock.advance(300);

  for (const name of names) assert.deepEqual(peers.view(name), ["i-1 1 UP"]);
  await peers.close();
});

test("a registry that restarts empty knows everybody again from its peers before it serves", async () => {
  const peers = new Peers(2);
  await peers.start();
  peers.get("a").register(recordOf("i-1"));
  await peers.clock.advance(300);

  const old = peers.get("b");
  const fresh = peers.restart("b");
  assert.equal(fresh.synced, false);
  void fresh.start();
  void old.close();
  await peers.clock.advance(500);

  assert.equal(fresh.synced, true);
  assert.deepEqual(peers.view("b"), ["i-1 1 UP"]);
  await peers.close();
});

test("a registry whose peers do not answer serves alone after two seconds", async () => {
  const peers = new Peers(3);
  peers.cut("a", "b");
  peers.cut("a", "c");
  const registry = peers.get("a");
  void registry.start();

  await peers.clock.advance(1_400);
  assert.equal(registry.synced, false);
  await peers.clock.advance(2_000);

  assert.equal(registry.synced, true);
  await peers.close();
});

test("a change made before, while or after a link comes up is not lost", async () => {
  const peers = new Peers(4);
  peers.cut("a", "b");
  await peers.start();
  for (let moment = 0; moment < 30; moment++) {
    const record = recordOf(`i-${moment}`);
    peers.cut("a", "b");
    peers.get("a").register(record);
    await peers.clock.advance(4_000);
    assert.equal(peers.get("b").get(record.app, record.id), undefined);
    // Only this way round, so that the news cannot come by b's own exchange.
    peers.heal("a", "b");
    await peers.clock.advance(moment * 50);
    peers.get("a").remove(record.id, "catalog", "killed", 1_000);
    await peers.clock.advance(2_500);

    assert.equal(
      peers.get("b").get(record.app, record.id),
      undefined,
      `removed ${moment * 50} ms after the link healed`,
    );
  }
  await peers.close();
});

test("an instance that a peer gave up in a partition is there again when it heals, without a gap at its own", async () => {
  const peers = new Peers(5);
  await peers.start();
  const owners: Owner[] = names.map((home, i) => ({ record: recordOf(`i-${i}`), home, isDead: false }));
  for (const owner of owners) peers.get(owner.home).register(owner.record);
  peers.cut("a", "b");
  let gaps = 0;
  for (let second = 0; second < 30; second++) {
    if (second % 3 === 0) for (const owner of owners) heartbeat(peers, owner);
    if (second === 20) peers.heal();
    await peers.clock.advance(1_000);
    if (!peers.view("a").includes("i-0 1 UP")) gaps += 1;
  }

  assert.equal(gaps, 0);
  for (const name of names) assert.equal(peers.view(name).length, 3, name);
  await peers.close();
});

/** One random life of the cluster from a seed: changes, deaths, loss, cuts; then quiet. */
async function randomLife(seed: number): Promise<void> {
  const peers = new Peers(seed);
  await peers.start();
  const random = new SeededRandom(seed).child("life");
  const owners: Owner[] = [];
  for (let step = 0; step < 120; step++) {
    const dice = random.next();
    const owner = owners[random.below(owners.length || 1)];
    if (dice < 0.2 || owner === undefined) {
      const record = recordOf(`i-${owners.length}`, { app: `app-${owners.length % 3}` });
      const added: Owner = { record, home: names[random.below(3)] ?? "a", isDead: false };
      peers.get(added.home).register(record);
      owners.push(added);
    } else if (dice < 0.35 && !owner.isDead) {
      const status = random.next() < 0.5 ? "UP" : "DOWN";
      owner.record = { ...owner.record, status, version: owner.record.version + 1 };
      peers.get(owner.home).register(owner.record);
    } else if (dice < 0.45 && !owner.isDead) {
      owner.isDead = true;
      // Its agent tells another registry than the one it was at, which may not know it yet.
      peers.get(names[random.below(3)] ?? "b").remove(owner.record.id, owner.record.app, "killed", 9_999);
    } else if (dice < 0.5) {
      peers.loss = random.next() * 0.3;
    } else if (dice < 0.55) {
      peers.cut(names[random.below(3)] ?? "a", names[random.below(3)] ?? "b");
    } else if (dice < 0.6) {
      peers.heal();
    }
    if (step % 6 === 0) for (const one of owners) heartbeat(peers, one);
    await peers.clock.advance(500);
  }
  peers.heal();
  for (let i = 0; i < 6; i++) {
    for (const one of owners) heartbeat(peers, one);
    await peers.clock.advance(3_000);
  }
  const alive = owners.filter((one) => !one.isDead);
  const expected = alive.map(({ record }) => `${record.id} ${record.version} ${record.status}`).sort();
  for (const name of names) assert.deepEqual(peers.view(name), expected, `seed ${seed}, registry ${name}`);
  await peers.close();
}

for (const seed of [11, 12, 13, 14, 15, 16]) {
  test(`through loss, reordering and partitions peers end up agreeing: nobody lost, nobody resurrected (seed ${seed})`, () =>
    randomLife(seed));
}
