import type { Accuse, Check } from "../judge.ts";
import type { RegistryNode } from "../registry-node.ts";
import type { Scene } from "../scene.ts";

/** Nothing is under way for so long: the longest delay, and a doubled message's. */
const underWayMs = 5_000;

/**
 * What was taken out stays out: at a registry that was told so, at once; and anywhere, once nobody shows it any more and its
 * process is silent.
 */
export function resurrection(scene: Scene, accuse: Accuse): Omit<Check, "name"> {
  const { world, ledger, sightings } = scene;
  /** By registry (in its present life) and key: when it took out what its owner had ended. */
  const takenOut = new Map<string, number>();
  /** Since when nobody has shown it. */
  const nowhereSinceMs = new Map<string, number>();

  world.onlookers.push({
    onLife: (node) => {
      for (const at of takenOut.keys()) if (at.startsWith(`${node.name} `)) takenOut.delete(at);
    },
  });

  sightings.onEach(({ node, key, shown, before, by }) => {
    const entry = ledger.entry(key);
    const at = `${node.name} ${key}`;
    if (entry === undefined) return accuse(`registry ${node.name} has ${key}, which nobody ever was`, key, node.name);
    if (shown === undefined) {
      // Said here, or to the registry that tells it; one that has restarted since tells what it has from others.
      const isSaid = by !== "lease" && (!world.nodes.has(by) || entry.removers.has(by));
      if (isSaid) takenOut.set(at, world.nowMs());
      return;
    }
    if (shown.incarnation > 0 && shown.incarnation <= entry.endedIncarnation && takenOut.has(at)) {
      const what = `start ${shown.incarnation}, ended for good,`;
      return accuse(`registry ${node.name} shows ${key} again: ${what} by ${by}`, key, node.name);
    }
    // What a process says itself, it says because it is there.
    if (before !== undefined || !world.nodes.has(by)) return void takenOut.delete(at);
    const outSinceMs = takenOut.get(at);
    if (outSinceMs !== undefined && entry.removedAtMs !== undefined && entry.removedAtMs <= outSinceMs) {
      return accuse(
        `registry ${node.name} shows ${key} again, cancelled and not registered since, by ${by}`,
        key,
        node.name,
      );
    }
    takenOut.delete(at);
    const sinceMs = nowhereSinceMs.get(key);
    if (sinceMs !== undefined && world.nowMs() - sinceMs > underWayMs && entry.takenAtMs < sinceMs) {
      accuse(`registry ${node.name} shows ${key} again, which was gone everywhere, by ${by}`, key, node.name);
    }
  });

  const look = (): void => {
    const nodes = [...world.nodes.values()];
    // Who cannot be looked at may know it.
    if (nodes.some((node) => node.machine.isStill)) return nowhereSinceMs.clear();
    for (const { key, takenAtMs } of ledger.entries()) {
      if (isAnywhere(nodes, key)) nowhereSinceMs.delete(key);
      else if (!nowhereSinceMs.has(key) || takenAtMs > (nowhereSinceMs.get(key) ?? 0)) {
        nowhereSinceMs.set(key, world.nowMs());
      }
    }
  };
  const isAnywhere = (nodes: readonly RegistryNode[], key: string): boolean => {
    const [app = "", id = ""] = key.split("/");
    return nodes.some((node) => node.registry?.get(app, id) !== undefined);
  };
  return { look };
}
