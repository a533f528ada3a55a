import { coordinatesOf } from "@holdfast/kernel";
import type { LaunchSpec } from "@holdfast/wire";

/** Ports and host numbers in use by instances that stand, kept up to date one by one. */
export class Standing {
  readonly #ports = new Map<number, number>();
  /** Region and zone number → host number → how many. */
  readonly #hosts = new Map<string, Map<number, number>>();
  readonly #portSet = { has: (port: number): boolean => this.#ports.has(port) };

  add(spec: LaunchSpec): void {
    this.#count(spec, 1);
  }

  remove(spec: LaunchSpec): void {
    this.#count(spec, -1);
  }

  get ports(): Pick<ReadonlySet<number>, "has"> {
    return this.#portSet;
  }

  /** Host numbers of a zone. */
  hosts(zone: { readonly region: number; readonly zone: number }): Pick<ReadonlySet<number>, "has"> {
    return this.#hosts.get(`${zone.region}.${zone.zone}`) ?? nothing;
  }

  #count(spec: LaunchSpec, by: number): void {
    step(this.#ports, spec.port, by);
    step(this.#ports, spec.adminPort, by);
    const at = coordinatesOf(spec.address);
    if (at === undefined) return;
    const key = `${at.region}.${at.zone}`;
    const hosts = this.#hosts.get(key) ?? new Map<number, number>();
    this.#hosts.set(key, hosts);
    step(hosts, at.host, by);
  }
}

const nothing: Pick<ReadonlySet<number>, "has"> = { has: () => false };

function step(counts: Map<number, number>, key: number, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count <= 0) counts.delete(key);
  else counts.set(key, count);
}
