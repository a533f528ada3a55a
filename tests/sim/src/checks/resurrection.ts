import type { Accuse, Check } from "../judge.ts";
import type { RegistryNode } from "../registry-node.ts";
import type { Scene } from "../scene.ts";

/** Nothing is under way for so long: the longest delay, and a doubled message's. */
const underWayMs = 5_000;
/** Until then a registry whose wall clock is behind may still stamp too low what Eureka's clients say. */
const timelessMs = 15_000;

/**
 * What was taken out stays out: at a registry that was told so, at once; and anywhere, once nobody shows it any more and its
 * process is silent.
 */
export function resurrection(scene: Scene, accuse: Accuse): Omit<Check, "name"> {
  const { world, ledger, sightings } = scene;
  /** By registry (in its present life) and key: when it took out what its owner had ended, and up to which start. */
  const takenOut = new Map<string, { readonly atMs: number; readonly incarnation: number }>();
  /** Since when nobody has shown it. */
  const nowhereSinceMs = new Map<string, number>();

  world.onlookers.push({
    onLife: (node) => {
      for (const at of takenOut.keys()) if (at.startsWith(`${node.name} `)) takenOut.delete(at);
    },
  });

  sightings.onEach(({ node, life, key, shown, before, by }) => {
    const entry = ledger.entry(key);
    const at = `${node.name} ${key}`;
    if (entry === undefined) return accuse(`registry ${node.name} has ${key}, which nobody ever was`, key, node.name);
    if (shown === undefined) {
      // Said here, or to the registry that tells it; one that has restarted since tells what it has from others.
      const isSaid = by !== "lease" && (!world.nodes.has(by) || entry.removers.has(by));
      // What an earlier process said late does not concern the next one.
      const isOver = entry.owners.every((owner) => !owner.isRunning);
      if (isSaid && isOver) takenOut.set(at, { atMs: world.nowMs(), incarnation: before?.incarnation ?? 0 });
      return;
    }
    const out = takenOut.get(at);
    if (shown.incarnation > 0 && out !== undefined && shown.incarnation <= out.incarnation) {
      const what = `start ${shown.incarnation}, ended for good,`;
      return accuse(`registry ${node.name} shows ${key} again: ${what} by ${by}`, key, node.name);
    }
    // What a process says itself, it says because it is there.
    if (before !== undefined || !world.nodes.has(by)) return void takenOut.delete(at);
    const isOld = world.nowMs() - life.startedAtMs > timelessMs;
    if (isOld && shown.incarnation === 0 && out !== undefined && (entry.removedAtMs ?? out.atMs + 1) <= out.atMs) {
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
