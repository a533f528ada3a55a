import { type Clock, hasCode, PlatformError } from "@holdfast/kernel";
import { type RegistryAccess, type RegistryKind, transportOf } from "./access.ts";
import { EurekaDates, EurekaDoor } from "./compat/eureka-door.ts";
import { EurekaServer } from "./compat/eureka-server.ts";
import type { RegistryDoor } from "./door.ts";
import { NativeDoor } from "./native-door.ts";
import type { RegistryTransport } from "./transport.ts";

interface Registry {
  readonly native: NativeDoor;
  readonly eureka: EurekaDoor;
  /** What it turned out to speak; forgotten when it fails, since another may come back in its place. */
  kind: RegistryKind | undefined;
}

/** All registries an instance may tell of itself, tried in turn from the one that answered last. */
export class Doors {
  readonly #transport: RegistryTransport;
  readonly #ownsTransport: boolean;
  readonly #registries: readonly Registry[];
  readonly #asked: RegistryKind | undefined;
  #index = 0;

  /** @throws OptionError `OPTION_INVALID` for a registry whose URL cannot be used. */
  constructor(clock: Clock, access: RegistryAccess, eurekaHeartbeatMs: number) {
    const { transport, isOwn } = transportOf(clock, access);
    this.#transport = transport;
    this.#ownsTransport = isOwn;
    this.#asked = access.kind === "auto" ? undefined : access.kind;
    const dates = new EurekaDates(clock);
    this.#registries = access.registries.map((base) => ({
      native: new NativeDoor(this.#transport, base),
      eureka: new EurekaDoor(new EurekaServer(this.#transport, base), base, dates, eurekaHeartbeatMs),
      kind: this.#asked,
    }));
  }

  /** What the registry that answered last speaks; `native` until one has answered. */
  get kind(): RegistryKind {
    return this.#registries[this.#index]?.kind ?? this.#asked ?? "native";
  }

  /** The next call goes to the own zone's registry first. */
  goHome(): void {
    this.#index = 0;
  }

  /**
   * Asks the registries in turn until one answers.
   *
   * @throws PlatformError `REGISTRY_UNREACHABLE` when none does.
   */
  async ask<T>(question: (door: RegistryDoor) => Promise<T>): Promise<T> {
    let last: unknown = new PlatformError("REGISTRY_UNREACHABLE", "registry: none is configured", { status: 503 });
    const first = this.#index;
    for (let i = 0; i < this.#registries.length; i++) {
      const index = (first + i) % this.#registries.length;
      const registry = this.#registries[index];
      if (registry === undefined) continue;
      try {
        const answer = await question(this.#doorOf(registry));
        this.#index = index;
        return answer;
      } catch (error) {
        if (!hasCode(error, "REGISTRY_UNREACHABLE")) throw error;
        registry.kind = this.#asked;
        last = error;
      }
    }
    throw last;
  }

  close(): void {
    if (this.#ownsTransport) this.#transport.close();
  }

  /** Registering shows what a registry speaks: one that does not know our call is told in Eureka's words. */
  #doorOf(registry: Registry): RegistryDoor {
    const { native, eureka, kind } = registry;
    if (kind === "eureka") return eureka;
    if (this.#asked === "native") return native;
    const register: RegistryDoor["register"] = async (record) => {
      const answer = await native.register(record);
      registry.kind = answer.kind === "foreign" ? "eureka" : "native";
      return answer.kind === "foreign" ? eureka.register(record) : answer;
    };
    return {
      kind: "native",
      register,
      renew: (record) => native.renew(record),
      setStatus: (record, awaitSeenMs) => native.setStatus(record, awaitSeenMs),
      outOfService: (record, word) => native.outOfService(record, word),
      deregister: (record, cause) => native.deregister(record, cause),
      holder: (record) => native.holder(record),
    };
  }
}
