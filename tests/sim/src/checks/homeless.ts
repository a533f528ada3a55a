import type { Accuse, Check } from "../judge.ts";
import type { Owner } from "../owner.ts";
import type { RegistryNode } from "../registry-node.ts";
import type { Scene } from "../scene.ts";

/** Finding a registry that answers, and beginning anew with it. */
const findMs = 16_000;
const lossMax = 0.08;

/** An instance that can call a registry is in the view of one that it can call. */
export function homeless(scene: Scene, accuse: Accuse): Omit<Check, "name"> {
  const { world, ledger } = scene;
  const sinceMs = new Map<Owner, number>();

  const isCallable = (owner: Owner, node: RegistryNode): boolean =>
    node.registry !== undefined && !node.machine.isStill && world.network.canCall(owner.machine, node.machine);

  const isFast = (node: RegistryNode): boolean => !world.network.slow.has(node.machine);

  const isShown = ({ identity, incarnation }: Owner, node: RegistryNode): boolean => {
    const shown = node.registry?.get(identity.app, identity.id);
    return shown !== undefined && (identity.kind === "eureka" || shown.incarnation >= incarnation);
  };

  const look = (): void => {
    const isFoul = world.network.weather.loss > lossMax || world.network.weather.tail > 0.1;
    for (const { owners } of ledger.entries()) {
      const running = owners.filter((owner) => owner.isRunning);
      for (const owner of owners) {
        const callable = [...world.nodes.values()].filter((node) => isCallable(owner, node));
        const isReady = running.length === 1 && owner.isRunning && !owner.machine.isStill && callable.some(isFast);
        const isHeld = owner.registration.state.kind === "superseded" || isHaunted(owner, owners);
        if (!isReady || isHeld || isFoul || callable.some((node) => isShown(owner, node))) sinceMs.delete(owner);
        else if (!sinceMs.has(owner)) sinceMs.set(owner, world.nowMs());
        const lostMs = world.nowMs() - (sinceMs.get(owner) ?? world.nowMs());
        if (lostMs < findMs) continue;
        const names = callable.map((node) => node.name).join(", ");
        accuse(
          `${owner.identity.key} can call ${names}, and none of them has shown it for ${lostMs} ms`,
          owner.identity.key,
        );
      }
    }
  };
  return { look };
}

/** Its id was claimed by a later start. */
function isHaunted(owner: Owner, owners: readonly Owner[]): boolean {
  return owners.some((other) => other.incarnation > owner.incarnation);
}
