import { join } from "node:path";
import type { Cloud } from "@holdfast/cloud-server";
import { type Change, type ConfigOpening, ConfigServer, type ConfigStore, KeyRing } from "@holdfast/config-server";
import type { Clock, Log, Random } from "@holdfast/kernel";
import type { DeploymentContext } from "@holdfast/wire";
import type { ConfigListenerView } from "@holdfast/wire/control";
import type { FastifyRequest } from "fastify";
import type { Access } from "../control/api/access.ts";
import { readInstanceKey } from "../stack/instance-key.ts";
import { ConfigDoor } from "./config-door.ts";
import { type GateCounts, gateFigures } from "./gate-figures.ts";
import { contextOf } from "./instance-context.ts";
import { remarkOf } from "./remark.ts";

export interface ConfigHouseParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly stateDirectory: string;
  readonly cloud: Pick<Cloud, "instances" | "remark">;
  readonly access: Access;
  readonly store: ConfigStore;
  readonly opened: ConfigOpening;
  readonly counts: GateCounts | undefined;
}

/** The configuration server in control: what it needs to know of instances, and who may ask it. */
export class ConfigHouse {
  readonly server: ConfigServer;
  readonly door: ConfigDoor;
  readonly #cloud: Pick<Cloud, "instances">;
  readonly #access: Access;

  constructor(parts: ConfigHouseParts) {
    const { clock, random, log, stateDirectory, cloud, store, opened, counts } = parts;
    const server = {
      clock,
      log,
      store,
      keys: new KeyRing(join(stateDirectory, "config-keys.json")),
      figures: gateFigures(cloud, counts),
      newId: () => random.hex(3),
      // Who looks for what went wrong looks at the diary, and a changed value is often it.
      onChange: (change: Change) => cloud.remark(remarkOf(change)),
    };
    this.server = ConfigServer.of(server, opened);
    this.door = new ConfigDoor(parts.cloud, readInstanceKey(parts.stateDirectory));
    this.#cloud = parts.cloud;
    this.#access = parts.access;
  }

  /** What an instance is, as control knows it; `undefined` for an unknown one. */
  contextOf(instance: string): DeploymentContext | undefined {
    const found = this.#cloud.instances().find(({ spec }) => spec.id === instance);
    return found === undefined ? undefined : contextOf(found.spec);
  }

  /** @throws PlatformError `UNAUTHENTICATED` without the API's token or a session. */
  checkOperator({ headers: { host, origin, authorization, cookie } }: FastifyRequest): void {
    this.#access.checkCaller({ host, origin, authorization, cookie });
  }

  /** Each instance that runs, whether it listens, and how far it was told. */
  listeners(): ConfigListenerView[] {
    const listening = new Map(this.server.streams.listeners().map((one) => [one.instance, one]));
    return this.#cloud
      .instances()
      .filter(({ state }) => state !== "stopped")
      .map(({ spec: { id, service, zone } }) => {
        const found = listening.get(id.toLowerCase());
        return {
          service,
          instance: id,
          zone: zone.name,
          listening: found !== undefined,
          since: found === undefined ? null : new Date(found.sinceMs).toISOString(),
          revision: found?.revision ?? null,
        };
      })
      .toSorted((a, b) => compare(`${a.service} ${a.zone} ${a.instance}`, `${b.service} ${b.zone} ${b.instance}`));
  }

  close(): Promise<void> {
    return this.server.close();
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
