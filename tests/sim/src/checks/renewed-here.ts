import type { Accuse, Check } from "../judge.ts";
import type { Scene } from "../scene.ts";

/** A lease, less what two registries may differ about the time of one renewal. */
const leaseMs = 7_400;
/** Until then a registry whose wall clock is behind may still stamp too low what Eureka's clients say. */
const timelessMs = 15_000;

/**
 * A registry shows whoever has renewed a lease with it: from the moment it said yes until the lease is over, whatever else
 * happens to the world, and no earlier start of it.
 */
export function renewedHere(scene: Scene, accuse: Accuse): Omit<Check, "name"> {
  const { world, ledger } = scene;
  const look = (): void => {
    for (const { key, accepted, owners } of ledger.entries()) {
      const identity = owners[0]?.identity;
      if (identity === undefined) continue;
      for (const [node, { incarnation, atMs: takenAtMs, monotonicMs }] of accepted) {
        const { registry, machine, life } = node;
        if (registry === undefined || machine.isStill || machine.monotonicMs() - monotonicMs > leaseMs) continue;
        // While it was suspended others may have seen the lease end.
        if (world.nowMs() - takenAtMs > leaseMs) continue;
        if (identity.kind === "eureka" && world.nowMs() - (life?.startedAtMs ?? 0) < timelessMs) continue;
        const shown = registry.get(identity.app, identity.id);
        const atMs = Math.round(machine.monotonicMs() - monotonicMs);
        if (shown === undefined) {
          accuse(`registry ${node.name} took a renewal of ${key} ${atMs} ms ago and does not show it`, key, node.name);
        } else if (identity.kind === "native" && shown.incarnation < incarnation) {
          accuse(`registry ${node.name} shows an earlier start of ${key} than it took`, key, node.name);
        }
      }
    }
  };
  return { look };
}
