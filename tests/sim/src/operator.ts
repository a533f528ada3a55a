import type { Random } from "@holdfast/kernel";
import { type InstanceStatus, RegistryPaths } from "@holdfast/wire";
import type { Process } from "./machine.ts";
import type { Scene } from "./scene.ts";
import type { SimTransport } from "./sim-transport.ts";
import { peerNames } from "./world.ts";

const statuses: readonly InstanceStatus[] = ["OUT_OF_SERVICE", "DOWN", "UP"];
/** Two words about one instance come so far apart that everybody agrees which is the later. */
const apartMs = 8_000;

/** Somebody who overrides instances' statuses, at whichever registry is asked. */
export class Operator {
  readonly #scene: Scene;
  readonly #random: Random;
  readonly #process: Process;
  readonly #transport: SimTransport;
  readonly #lastMs = new Map<string, number>();

  constructor(scene: Scene, random: Random) {
    this.#scene = scene;
    this.#random = random;
    this.#process = scene.world.machine("operator", "z0").boot();
    this.#transport = scene.world.transport(this.#process);
  }

  /** Overrides some instance that is there, or takes that back. */
  override(): void {
    const { owners } = this.#scene.world;
    const owner = owners[this.#random.below(owners.length || 1)];
    if (owner?.isRunning !== true) return;
    const { key } = owner.identity;
    if (this.#process.monotonicMs() - (this.#lastMs.get(key) ?? Number.NEGATIVE_INFINITY) < apartMs) return;
    const status = this.#random.next() < 0.3 ? undefined : statuses[this.#random.below(statuses.length)];
    void this.say(owner.identity, status, peerNames[this.#random.below(3)] ?? "a");
  }

  /** Says it to one registry; `undefined` takes it back. */
  async say(
    { app, id, key }: { readonly app: string; readonly id: string; readonly key: string },
    status: InstanceStatus | undefined,
    peer: string,
  ): Promise<boolean> {
    this.#lastMs.set(key, this.#process.monotonicMs());
    const { overrides, world, calm } = this.#scene;
    const path = RegistryPaths.override(app, id);
    const body = status === undefined ? undefined : JSON.stringify({ status, by: "op", reason: "simulated" });
    const method = status === undefined ? "DELETE" : "PUT";
    // Until it is answered, either may count.
    const settle = overrides.begin(key, status, peer);
    try {
      const reply = await this.#transport.call({ base: `http://${peer}`, method, path, body, timeoutMs: 2_000 });
      world.trace.add(key, `override ${status ?? "none"} at ${peer}: ${reply.status}`);
      // 404 when that registry does not know the instance, or of no override.
      settle(reply.status === 204 ? "taken" : "refused");
      if (calm.forMs < 25_000 && status === undefined && reply.status === 404) overrides.loosen(key);
      return reply.status === 204;
    } catch {
      world.trace.add(key, `override ${status ?? "none"} at ${peer}: no answer`);
      settle("unknown");
      return false;
    }
  }
}
