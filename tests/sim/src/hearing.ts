import type { Owner } from "./owner.ts";
import type { RegistryNode } from "./registry-node.ts";
import type { World } from "./world.ts";

const lossMax = 0.1;
/** A registry that was gone for so long is not the one that instances speak to. */
const goneMs = 8_000;

/** For how long each registry has been able to hear of each instance, directly or through one other registry. */
export class Hearing {
  readonly #world: World;
  readonly #sinceMs = new Map<RegistryNode, Map<Owner, number>>();
  readonly #goneSinceMs = new Map<RegistryNode, number>();

  constructor(world: World) {
    this.#world = world;
  }

  forMs(node: RegistryNode, owner: Owner): number {
    const sinceMs = this.#sinceMs.get(node)?.get(owner);
    return sinceMs === undefined ? 0 : this.#world.nowMs() - sinceMs;
  }

  look(): void {
    const { nodes, owners } = this.#world;
    for (const node of nodes.values()) {
      if (node.registry !== undefined) this.#goneSinceMs.delete(node);
      else if (!this.#goneSinceMs.has(node)) this.#goneSinceMs.set(node, this.#world.nowMs());
    }
    for (const node of nodes.values()) {
      const since = this.#sinceMs.get(node) ?? new Map<Owner, number>();
      this.#sinceMs.set(node, since);
      for (const owner of owners) {
        if (!owner.isRunning || !this.#canHear(node, owner)) since.delete(owner);
        else if (!since.has(owner)) since.set(owner, this.#world.nowMs());
      }
    }
  }

  #canHear(node: RegistryNode, owner: Owner): boolean {
    const { nodes, network } = this.#world;
    const { loss, tail } = network.weather;
    if (loss > lossMax || tail > lossMax || owner.machine.isStill || !this.#isWell(node)) return false;
    // Which of those it can call it calls, nobody knows: all of them must lead here.
    const callable = [...nodes.values()].filter((other) => network.canCall(owner.machine, other.machine));
    if (callable.length === 0) return false;
    return callable.every((via) => via === node || (this.#isWell(via) && network.canCall(node.machine, via.machine)));
  }

  /** It answers, or is only just being restarted. */
  #isWell(node: RegistryNode): boolean {
    const goneMsSoFar = this.#world.nowMs() - (this.#goneSinceMs.get(node) ?? this.#world.nowMs());
    return !node.machine.isStill && !this.#world.network.slow.has(node.machine) && goneMsSoFar < goneMs;
  }
}
