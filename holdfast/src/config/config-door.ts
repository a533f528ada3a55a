import { createHash, timingSafeEqual } from "node:crypto";
import type { Cloud } from "@holdfast/cloud-server";
import { normalScope } from "@holdfast/config-server";
import { instanceToken } from "@holdfast/engine-process";
import { PlatformError } from "@holdfast/kernel";
import type { DeploymentContext, PropertyScope } from "@holdfast/wire";
import { contextOf } from "./instance-context.ts";

/** Lets a process in by its instance's token, and says what it is: by what control knows, not by what it says. */
export class ConfigDoor {
  readonly #cloud: Pick<Cloud, "instances">;
  readonly #key: string;

  constructor(cloud: Pick<Cloud, "instances">, key: string) {
    this.#cloud = cloud;
    this.#key = key;
  }

  /**
   * The context of the instance that asks, with what it adds where control knows nothing (`ami`, `countries`).
   *
   * @throws PlatformError `UNAUTHENTICATED` (401) without the token of the instance it names; `CONFIG_INSTANCE_UNKNOWN` (503)
   * while control does not know that instance yet.
   */
  contextOf(asked: PropertyScope, authorization: string | undefined): DeploymentContext {
    const id = asked.serverId ?? "";
    if (!this.isInstance(id, authorization)) {
      throw new PlatformError("UNAUTHENTICATED", "this needs the token of the instance that serverId names", {
        status: 401,
        next: "instances find it in HOLDFAST_INSTANCE_TOKEN; for people there is holdfast config explain",
      });
    }
    const known = this.#cloud.instances().find(({ spec }) => spec.id === id);
    if (known === undefined) {
      throw new PlatformError("CONFIG_INSTANCE_UNKNOWN", `${id}: control does not know this instance yet`, {
        status: 503,
        next: "ask again",
      });
    }
    return { ...normalScope(asked), ...contextOf(known.spec) };
  }

  isInstance(id: string, authorization: string | undefined): boolean {
    const token = /^Bearer (\S+)$/i.exec(authorization ?? "")?.[1];
    return id !== "" && token !== undefined && sameText(token, instanceToken(this.#key, id));
  }
}

/** Takes the same time whatever the texts share; their hashes have one length. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
