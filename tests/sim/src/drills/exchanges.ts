import type { Stage } from "../stage.ts";

/** What happened while a link was cut is known when it is there again: before digests are compared, and leases end. */
export async function exchanges(stage: Stage): Promise<void> {
  const stays = stage.instance("x", "i-1", 1);
  const ends = stage.instance("x", "i-2", 1);
  const changes = stage.instance("x", "i-3", 1);
  const overridden = stage.instance("x", "i-4", 1);
  const cancels = stage.instance("x", "i-5", 1, "eureka");
  await stage.run(8_000);
  const heal = stage.cutPeer("a");
  await stage.run(500);
  void ends.stop();
  void cancels.stop();
  void changes.setStatus("DOWN");
  void stage.operator.say(overridden.identity, "OUT_OF_SERVICE", "a");
  const comes = stage.instance("x", "i-6", 1);
  await stage.run(1_800);
  heal();
  await stage.run(2_400);
  const when = "2.4 s after the link healed";
  stage.expectGone(when, [ends, cancels]);
  stage.expectShown(when, [stays, changes, comes]);
  stage.expectShown(when, [overridden], "OUT_OF_SERVICE");
}

/** A single call that gets lost costs a timeout and an exchange, no more. */
export async function lostCalls(stage: Stage): Promise<void> {
  const { network } = stage.world;
  const first = stage.instance("x", "i-1", 1);
  await stage.run(8_000);
  const release = stage.scene.calm.disturb("a message is lost");
  const comes = stage.instance("x", "i-2", 1);
  // It is registered; what the registry tells its peers 20 ms later is lost.
  await stage.run(20);
  network.weather = { ...network.weather, loss: 1 };
  await stage.run(60);
  network.weather = { ...network.weather, loss: 0 };
  release();
  await stage.run(4_000);
  stage.expectShown("4 s after a lost message", [first, comes]);
}

/** Who is killed is gone a lease later, though a registry that comes back learns of it when it is nearly over. */
export async function oldNews(stage: Stage): Promise<void> {
  const stays = stage.instance("x", "i-1", 1);
  const dies = stage.instance("x", "i-2", 1);
  await stage.run(8_000);
  const restart = stage.kill(stage.node("b"));
  dies.kill();
  await stage.run(6_000);
  restart();
  await stage.run(6_500);
  stage.expectGone("12.5 s after it was killed", [dies]);
  await stage.run(12_000);
  stage.expectGone("24.5 s after it was killed", [dies]);
  stage.expectShown("then", [stays]);
}

/** A registry that restarts answers nobody before it knows what its peers know. */
export async function rejoining(stage: Stage): Promise<void> {
  const owners = Array.from({ length: 8 }, (_, i) => stage.instance("x", `i-${i}`, i % 2 === 0 ? 1 : 3));
  await stage.run(8_000);
  const { network } = stage.world;
  const node = stage.node("b");
  const restart = stage.kill(node);
  await stage.run(1_000);
  network.slow.set(node.machine, 60);
  restart();
  await stage.run(5_000, () => {
    if (node.registry?.serving === true) stage.expectShown("when it serves", owners, undefined, [node]);
  });
  stage.expect(node.registry?.serving === true, "registry b does not serve 5 s after its start", "b");
  network.slow.clear();
  // One that is gone is not waited for when another knows everything.
  const restartAll = stage.kill(stage.node("c"), node);
  node.start();
  await stage.run(700);
  stage.expect(node.registry?.serving === true, "registry b waits for a peer that is gone", "b");
  stage.expectShown("then", owners, undefined, [node]);
  node.kill();
  restartAll();
}

/** What a registry took in its last moment its peers know. */
export async function lastWords(stage: Stage): Promise<void> {
  const first = stage.instance("x", "i-1", 2);
  await stage.run(8_000);
  const last = stage.instance("x", "i-2", 1);
  const node = stage.node("a");
  for (let i = 0; i < 100 && stage.shown(node, last) === undefined; i++) await stage.world.run(1);
  stage.scene.calm.shock();
  const ending = node.shutDown();
  await stage.run(600);
  await ending;
  const others = [stage.node("b"), stage.node("c")];
  stage.expectShown("after registry a was told to end", [first, last], undefined, others);
}
