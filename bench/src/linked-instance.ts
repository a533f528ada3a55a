import { type Clock, newInstanceId, type Random, type Timer } from "@holdfast/kernel";
import { LinkProxy } from "@holdfast/testing";
import type { InstanceRecord } from "@holdfast/wire";
import type { RegistryDoor } from "./registry-door.ts";

const renewEveryMs = 2_000;

/**
 * One more instance of a service, as callers see it: a link to a real one, registered under an id of its own. The link
 * can be cut while traffic runs over it: a black hole that still renews its lease, so that only its callers can know.
 */
export class LinkedInstance {
  readonly #link: LinkProxy;
  readonly #door: RegistryDoor;
  readonly #record: InstanceRecord;
  readonly #renewals: Timer;

  private constructor(link: LinkProxy, door: RegistryDoor, record: InstanceRecord, clock: Clock) {
    this.#link = link;
    this.#door = door;
    this.#record = record;
    this.#renewals = clock.every(renewEveryMs, () => void door.renew(record).catch(() => {}));
  }

  static async start(
    clock: Clock,
    random: Random,
    door: RegistryDoor,
    target: InstanceRecord,
  ): Promise<LinkedInstance> {
    const link = await LinkProxy.start(clock, target);
    const { adminPort: _ours, ...rest } = target;
    const own = { id: newInstanceId(random), version: 1, address: "127.0.0.1", port: link.port };
    const record: InstanceRecord = { ...rest, ...own, status: "UP", verifiesIdentity: false, metadata: {} };
    await door.register(record);
    return new LinkedInstance(link, door, record, clock);
  }

  /** Connections that callers hold now. */
  get connections(): number {
    return this.#link.connections;
  }

  /** From now on not a byte passes; connections are still accepted. */
  cut(): void {
    this.#link.set({ kind: "cut" });
  }

  async stop(): Promise<void> {
    this.#renewals.cancel();
    await this.#door.remove(this.#record, "the bench is done with it").catch(() => {});
    await this.#link.close();
  }
}
