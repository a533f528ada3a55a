import type { Accuse, Check } from "../judge.ts";

import type { RegistryNode } from "../registry-node.ts";
import type { Scene } from "../scene.ts";

/** A link that was cut is tried again within a second, everything is exchanged, and renewals go out each 2 s. */
const goodMs = 7_000;
/** Renewed so lately that its lease lives. */
const freshMs = 6_500;
const onTheWayMs = 3_000;

/**
 * Two registries that have been able to talk for a few seconds know the same: who has renewed with one of them is shown by
 * the other, and what was ended for good at one is not shown by the other, whatever happens to the rest of the world.
 */
export function connected(scene: Scene, accuse: Accuse): Omit<Check, "name"> {
  const { world, ledger } = scene;
  /** Since when each pair has been able to talk. */
  const goodSinceMs = new Map<string, number>();

  const isWell = (node: RegistryNode): boolean =>
    node.registry?.synced === true && !node.machine.isStill && !world.network.slow.has(node.machine);

  const isGood = (a: RegistryNode, b: RegistryNode): boolean =>
    isWell(a) && isWell(b) && world.network.canCall(a.machine, b.machine);

  const look = (): void => {
    const { loss, tail } = world.network.weather;
    const nodes = [...world.nodes.values()];
    for (const a of nodes) {
      for (const b of nodes) {
        if (a === b) continue;
        const pair = `${a.name} ${b.name}`;
        if (loss > 0 || tail > 0 || !isGood(a, b)) goodSinceMs.delete(pair);
        else if (!goodSinceMs.has(pair)) goodSinceMs.set(pair, world.nowMs());
        const sinceMs = goodSinceMs.get(pair);
        if (sinceMs !== undefined && world.nowMs() - sinceMs >= goodMs) lookAt(a, b, sinceMs);
      }
    }
  };

  /** What `a` took and `b` should know. */
  const lookAt = (a: RegistryNode, b: RegistryNode, sinceMs: number): void => {
    for (const entry of ledger.entries()) {
      const identity = entry.owners[0]?.identity;
      if (identity === undefined) continue;
      const taken = entry.accepted.get(a);
      const shown = b.registry?.get(identity.app, identity.id);
      const agoMs = world.nowMs() - (taken?.atMs ?? Number.NEGATIVE_INFINITY);
      // One that is only just there is on its way.
      if (taken === undefined || world.nowMs() - taken.sinceMs < onTheWayMs) continue;
      if (shown === undefined && agoMs < freshMs) {
        const what = `${entry.key}, which registry ${a.name} heard ${Math.round(agoMs)} ms ago`;
        accuse(`registry ${b.name} does not show ${what}; they talk since ${sinceMs}`, entry.key, b.name, a.name);
      }
    }
  };
  return { look };
}
