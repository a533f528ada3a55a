import type { EurekaInstance } from "@holdfast/wire/eureka";
import type { EurekaStore, Held } from "./store.ts";

/** Who serves a virtual address: kept up to date by changes, so that no read looks at everybody. */
export class VipIndex {
  readonly #toEureka: (held: Held) => EurekaInstance;
  /** `vip:<name>` or `svip:<name>` → app/id → instance. */
  readonly #servers = new Map<string, Map<string, Held>>();
  readonly #stop: () => void;

  constructor(store: EurekaStore, toEureka: (held: Held) => EurekaInstance) {
    this.#toEureka = toEureka;
    for (const held of store.list()) this.#add(held);
    this.#stop = store.onChange(({ held, before }) => {
      if (before !== undefined) this.#remove(before);
      if (held !== undefined) this.#add(held);
    });
  }

  /** Exact match, as Eureka's server does it. */
  servers(kind: "vip" | "svip", name: string): Iterable<Held> {
    return this.#servers.get(`${kind}:${name}`)?.values() ?? [];
  }

  close(): void {
    this.#stop();
  }

  #add(held: Held): void {
    for (const name of addressesOf(this.#toEureka(held))) {
      const servers = this.#servers.get(name) ?? new Map<string, Held>();
      this.#servers.set(name, servers);
      servers.set(keyOf(held), held);
    }
  }

  #remove(held: Held): void {
    for (const name of addressesOf(this.#toEureka(held))) {
      const servers = this.#servers.get(name);
      servers?.delete(keyOf(held));
      if (servers?.size === 0) this.#servers.delete(name);
    }
  }
}

/** `vip:<name>` and `svip:<name>` of all virtual addresses that an instance serves. */
export function addressesOf({ vipAddress = "", secureVipAddress = "" }: EurekaInstance): string[] {
  const split = (kind: string, list: string): string[] =>
    list.split(",").flatMap((name) => (name === "" ? [] : [`${kind}:${name}`]));
  return [...split("vip", vipAddress), ...split("svip", secureVipAddress)];
}

function keyOf({ record }: Held): string {
  return `${record.app}/${record.id}`;
}
