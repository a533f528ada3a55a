import type { Accuse, Check } from "../judge.ts";
import type { Owner } from "../owner.ts";
import type { RegistryNode } from "../registry-node.ts";
import type { Scene } from "../scene.ts";
import type { Listener } from "../world.ts";

/** By then everybody has gone home, and damping is over. */
const calmMs = 50_000;
const claimMs = 10_000;

interface Stand {
  readonly exchanges: ReadonlyMap<RegistryNode, number>;
  readonly opened: ReadonlyMap<Listener, number>;
  readonly versions: ReadonlyMap<Owner, { readonly version: number; readonly changedAtMs: number }>;
}

/** In calm nobody does over and over what is to be done once: exchange everything, open streams, register. */
export function steadiness(scene: Scene, accuse: Accuse): Omit<Check, "name"> {
  const { world, calm, ledger } = scene;
  let before: Stand | undefined;

  const standNow = (): Stand => ({
    exchanges: new Map([...world.nodes.values()].map((node) => [node, node.exchanges])),
    opened: new Map([...world.listeners.values()].map((one) => [one, world.network.opened.get(one.machine) ?? 0])),
    versions: new Map(
      world.owners
        .filter((owner) => owner.isRunning && owner.registration.registered && isAlone(owner))
        .map((owner) => [owner, { version: owner.registration.record.version, changedAtMs: owner.changedAtMs }]),
    ),
  });

  // One that stood still, or whose id another has claimed, may have to register again.
  const isAlone = ({ identity, machine, wokeAtMs }: Owner): boolean => {
    const owners = ledger.entry(identity.key)?.owners ?? [];
    const latest = Math.max(...owners.map((owner) => owner.changedAtMs));
    const isOnly = owners.filter((owner) => owner.isRunning).length === 1 && world.nowMs() - latest > claimMs;
    return isOnly && !machine.isStill && world.nowMs() - wokeAtMs > claimMs;
  };

  const look = (): void => {
    if (calm.forMs < calmMs) {
      before = undefined;
      return;
    }
    const now = standNow();
    if (before === undefined) {
      before = now;
      return;
    }
    for (const [node, count] of now.exchanges) {
      const more = count - (before.exchanges.get(node) ?? count);
      if (more > 0) accuse(`registry ${node.name} exchanges everything with a peer, in calm`, node.name);
    }
    for (const [{ name }, count] of now.opened) {
      const listener = world.listeners.get(name);
      const more = listener === undefined ? 0 : count - (before.opened.get(listener) ?? count);
      if (more > 0) accuse(`listener ${name} opens a stream anew, in calm`, name);
    }
    for (const [owner, { version, changedAtMs }] of now.versions) {
      const then = before.versions.get(owner);
      if (then === undefined || then.changedAtMs !== changedAtMs || then.version === version) continue;
      const { key } = owner.identity;
      accuse(`${key} has registered again, from version ${then.version} to ${version}, in calm`, key);
    }
    before = now;
  };
  return { look };
}
