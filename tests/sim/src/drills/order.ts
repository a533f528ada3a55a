import type { Stage } from "../stage.ts";

/** The latest word of an operator counts everywhere, wherever it was said, also in a partition. */
export async function overrides(stage: Stage): Promise<void> {
  const native = stage.instance("x", "i-1", 1);
  const eureka = stage.instance("x", "i-2", 2, "eureka");
  await stage.run(8_000);
  for (const [peer, status] of [
    ["a", "DOWN"],
    ["b", "OUT_OF_SERVICE"],
    ["c", undefined],
    ["a", "OUT_OF_SERVICE"],
  ] as const) {
    for (const { identity } of [native, eureka]) void stage.operator.say(identity, status, peer);
    await stage.run(1_500);
    stage.expectShown(`after "${status}" was said at ${peer}`, [native, eureka], status);
  }
  const heal = stage.cutPeer("a");
  await stage.run(2_000);
  for (const { identity } of [native, eureka]) void stage.operator.say(identity, "DOWN", "a");
  await stage.run(3_000);
  for (const { identity } of [native, eureka]) void stage.operator.say(identity, undefined, "b");
  await stage.run(2_000);
  heal();
  await stage.run(3_000);
  stage.expectShown("after the later word was said on the other side of a partition", [native, eureka]);
  // It is the instance's, not the registry's, and outlives a process that crashed.
  for (const { identity } of [native, eureka]) void stage.operator.say(identity, "OUT_OF_SERVICE", "c");
  await stage.run(1_000);
  native.kill();
  await stage.run(14_000);
  const again = stage.instance("x", "i-1", 1);
  await stage.run(1_500);
  stage.expectShown("after it was killed and started again", [again], "OUT_OF_SERVICE");
}

/** With wall clocks an hour apart, what Eureka's clients said last counts: at a registry that is behind, also in a partition. */
export async function clocks(stage: Stage): Promise<void> {
  const owner = stage.instance("x", "i-1", 1, "eureka");
  const other = stage.instance("x", "i-2", 3, "eureka");
  await stage.run(8_000);
  const { network } = stage.world;
  for (const [i, name] of (["b", "c", "a", "c", "b"] as const).entries()) {
    // It can reach but this one.
    const away = { what: `i-1 speaks to ${name}`, hits: viaOnly(owner.machine.name, name) };
    network.cut(away);
    const heal = i % 2 === 1 ? stage.cutPeer(name) : undefined;
    void owner.setStatus(i % 2 === 0 ? "DOWN" : "UP");
    await stage.run(6_000);
    network.heal(away);
    heal?.();
    await stage.run(3_000);
    stage.expectShown(`after it spoke to ${name}`, [owner, other]);
  }
  void owner.stop();
  await stage.run(2_000);
  stage.expectGone("after it was cancelled", [owner]);
  const again = stage.instance("x", "i-1", 2, "eureka");
  await stage.run(2_000);
  stage.expectShown("after it was registered again elsewhere", [again, other]);
}

function viaOnly(host: string, registry: string): (from: { name: string }, to: { name: string }) => boolean {
  const isOther = (name: string): boolean => ["a", "b", "c"].includes(name) && name !== registry;
  return (from, to) => (from.name === host && isOther(to.name)) || (to.name === host && isOther(from.name));
}

/** Two processes of one id: the later start is shown, the earlier one is told, and gets it back when the other is dead. */
export async function claims(stage: Stage): Promise<void> {
  const { world } = stage;
  const first = stage.instance("x", "i-1", 1);
  const other = stage.instance("x", "i-2", 1);
  await stage.run(8_000);
  const second = world.own(first.identity, world.machine("h-twin", "z2", 5));
  await stage.run(5_500);
  stage.expectShown("5.5 s after a later start", [second, other]);
  const { key } = first.identity;
  stage.expect(first.registration.state.kind === "superseded", "the earlier process was not told", key);
  second.kill();
  await stage.run(110_000);
  stage.expectShown("110 s after the later one died", [first, other]);
  const third = world.own(first.identity, world.machine("h-twin", "z2", 5));
  await stage.run(5_500);
  stage.expectShown("5.5 s after a later start", [third, other]);
  void third.stop();
  await stage.run(110_000);
  stage.expectShown("110 s after the later one was ended for good", [first, other]);
}

/** Ended for good is ended: by whatever way the old account comes again. */
export async function ended(stage: Stage): Promise<void> {
  const owner = stage.instance("x", "i-1", 1);
  const other = stage.instance("x", "i-2", 1);
  await stage.run(8_000);
  // One that cannot hear of it …
  const heal = stage.cutPeer("c");
  await stage.run(200);
  void owner.stop();
  await stage.run(2_000);
  stage.expectGone("2 s after it stopped", [owner], [stage.node("a"), stage.node("b")]);
  heal();
  await stage.run(2_500, () => stage.expectGone("when the link healed", [owner], [stage.node("a"), stage.node("b")]));
  stage.expectGone("2.5 s after the link healed", [owner]);
  // … and one that has forgotten.
  const restart = stage.kill(stage.node("b"));
  await stage.run(500);
  restart();
  await stage.run(3_000, () => stage.expectGone("when registry b restarted", [owner]));
  const again = stage.instance("x", "i-1", 1);
  await stage.run(1_000);
  stage.expectShown("a second after its next start", [again, other]);
}

/** Who comes and goes each half second is out of service before long, and back when it is steady. */
export async function flapping(stage: Stage): Promise<void> {
  const owner = stage.instance("x", "i-1", 1);
  const steady = stage.instance("x", "i-2", 1);
  const lonely = stage.instance("y", "i-3", 2);
  await stage.run(8_000);
  for (let i = 0; i < 16; i++) {
    for (const one of [owner, lonely]) void one.setStatus(i % 2 === 0 ? "DOWN" : "UP");
    await stage.run(500);
  }
  // Better one that comes and goes than none at all.
  stage.expectShown("after it flapped, alone", [lonely]);
  for (const node of stage.nodes) {
    const shown = stage.shown(node, owner)?.status;
    stage.expect(
      shown === "OUT_OF_SERVICE",
      `registry ${node.name} shows ${shown} after it flapped`,
      owner.identity.key,
    );
  }
  await stage.run(70_000);
  stage.expectShown("70 s after it flapped", [owner, steady]);
}
