import { Registration } from "@holdfast/discovery";
import { within } from "@holdfast/kernel";
import { type Identity, localAddressOf, outOfServiceOf, type Surroundings } from "@holdfast/service";
import type { InstanceStatus } from "@holdfast/wire";
import type { SidecarOptions } from "../options.ts";
import type { ParentState, ParentWatch } from "../parent/parent-watch.ts";
import type { Presence } from "./presence.ts";

const statusOf: Readonly<Record<ParentState, InstanceStatus>> = { starting: "STARTING", up: "UP", down: "DOWN" };
/** As a server of ours waits for its callers. */
const awaitSeenMs = 2_000;
const registryExtraMs = 1_000;

/** Prana's way: the parent's own address is registered, and its callers go straight there. */
export class Beside implements Presence {
  readonly url: string;
  readonly #in: Surroundings;
  readonly #watch: ParentWatch;
  readonly #registration: Registration | undefined;
  #left = false;

  constructor(surroundings: Surroundings, identity: Identity, options: SidecarOptions, watch: ParentWatch) {
    const { clock, random, log } = surroundings;
    this.#in = surroundings;
    this.#watch = watch;
    this.url = `http://${options.parentHost}:${options.parentPort}`;
    if (identity.registries.length === 0) return;
    const access = {
      registries: identity.registries,
      localAddress: localAddressOf(identity.host),
      ...outOfServiceOf(identity),
    };
    this.#registration = new Registration(clock, random.child("registration"), log, access, {
      app: identity.service,
      id: identity.instanceId,
      incarnation: Math.round(clock.wallMs()),
      status: statusOf[watch.state],
      region: identity.region,
      zone: identity.zone,
      address: options.parentHost,
      port: options.parentPort,
      application: identity.application,
      cluster: identity.cluster,
      serverGroup: identity.serverGroup,
      // Callers reach the parent itself, and it knows nothing of our header.
      verifiesIdentity: false,
      metadata: options.metadata ?? {},
    });
    void this.#registration.start();
  }

  get status(): InstanceStatus {
    return this.#left ? "OUT_OF_SERVICE" : statusOf[this.#watch.state];
  }

  parentTurned(): void {
    if (this.#left) return;
    void this.#registration?.setStatus(this.status);
  }

  async leave(cause: string, maxMs: number): Promise<void> {
    this.#left = true;
    const registration = this.#registration;
    if (registration === undefined) return;
    const seenMs = Math.min(awaitSeenMs, maxMs);
    // A parent that has ended refuses its callers: there is nothing to wait for.
    if (maxMs > 0) {
      const seen = registration.setStatus("OUT_OF_SERVICE", seenMs);
      await within(this.#in.clock, Math.min(seenMs + registryExtraMs, maxMs), "leaving the registry", seen).catch(
        (error: unknown) => this.#in.log.warn("sidecar.drain.unseen", { error }),
      );
    }
    await registration.stop(cause);
  }
}
