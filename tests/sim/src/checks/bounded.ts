import type { Accuse, Check } from "../judge.ts";
import type { Scene } from "../scene.ts";

/** Of one registry: its own, its links', its calls', its streams'; some 20 in rest. */
const timersMax = 250;
const queuedMax = 2_000;
const heldCalmMs = 45_000;

/** Nothing piles up: timers, waiting changes, streams; and what peers keep for one another's sake is the same. */
export function bounded(scene: Scene, accuse: Accuse): Omit<Check, "name"> {
  const { world, calm, sightings } = scene;
  const look = (): void => {
    for (const node of world.nodes.values()) {
      const { registry, life, name } = node;
      if (registry === undefined || life === undefined || node.machine.isStill) continue;
      if (life.process.timers > timersMax) accuse(`registry ${name} has ${life.process.timers} timers`, name);
      const queued = registry.peers().reduce((sum, peer) => sum + peer.queued, 0);
      if (queued > queuedMax) accuse(`registry ${name} has ${queued} changes waiting for its peers`, name);
      if (calm.forMs > heldCalmMs && registry.held > 0)
        accuse(`registry ${name} holds ${registry.held} leases in calm`, name);
      if (calm.forMs > heldCalmMs && registry.listeners > world.listeners.size) {
        accuse(`registry ${name} has ${registry.listeners} listeners of ${world.listeners.size}`, name);
      }
      const shown = registry.records();
      const view = sightings.view(node);
      const odd = shown.find((record) => view.get(`${record.app}/${record.id}`)?.status !== record.status);
      if (shown.length !== view.size || odd !== undefined) {
        const key = odd === undefined ? name : `${odd.app}/${odd.id}`;
        accuse(`registry ${name} shows ${shown.length}, and its changes add up to ${view.size} (${key})`, key, name);
      }
    }
    if (calm.forMs > heldCalmMs) lookAtOverrides();
  };

  const lookAtOverrides = (): void => {
    const lists = [...world.nodes.values()].map((node) => {
      const list = node.registry?.overrides() ?? [];
      return list
        .map(({ app, id, status }) => `${app}/${id} ${status}`)
        .sort()
        .join(", ");
    });
    for (const { key, owners } of scene.ledger.entries()) {
      const [said, ...others] = scene.overrides.allowed(key);
      if (others.length > 0 || !owners.some((owner) => owner.isRunning)) continue;
      const expected = said === undefined ? undefined : `${key} ${said}`;
      const isListed = lists[0]?.split(", ").some((line) => line.startsWith(`${key} `) && line !== expected) === false;
      const isThere = expected === undefined || lists[0]?.split(", ").includes(expected) === true;
      if (!isListed || !isThere)
        accuse(`registries list overrides ${lists[0]}, and not ${expected ?? `none of ${key}`}`, key);
    }
    if (new Set(lists).size > 1) accuse(`registries keep different overrides in calm: ${lists.join(" | ")}`);
  };
  return { look };
}
