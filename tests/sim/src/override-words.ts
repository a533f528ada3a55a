import type { InstanceStatus } from "@holdfast/wire";

type Status = InstanceStatus | undefined;

/** What operators said of each instance, and what may therefore count; `undefined` is no override. */
export class OverrideWords {
  readonly #allowed = new Map<string, Set<Status>>();
  /** Which registries certainly know the latest word on each. */
  readonly #knowers = new Map<string, Set<string>>();

  /** An operator says something; call what is returned with how it went. */
  begin(key: string, status: Status, peer: string): (outcome: "taken" | "refused" | "unknown") => void {
    const before = this.#allowed.get(key) ?? new Set<Status>([undefined]);
    this.#allowed.set(key, new Set([...before, status]));
    return (outcome) => {
      if (outcome === "taken") this.#allowed.set(key, new Set([status]));
      if (outcome === "taken") this.#knowers.set(key, new Set([peer]));
      if (outcome === "refused") this.#allowed.set(key, before);
    };
  }

  /** The instance was taken out: whether its override was known where that happened, nobody knows. */
  loosen(key: string): void {
    this.#allowed.get(key)?.add(undefined);
  }

  /** In calm everybody knows everything. */
  spread(peers: readonly string[]): void {
    for (const knowers of this.#knowers.values()) for (const peer of peers) knowers.add(peer);
  }

  /** A registry has lost its memory: what nobody else is sure to know may be lost. */
  forget(peer: string): void {
    for (const [key, knowers] of this.#knowers) {
      knowers.delete(peer);
      if (knowers.size === 0) this.loosen(key);
    }
  }

  /** Those of which one counts now. */
  allowed(key: string): readonly Status[] {
    return [...(this.#allowed.get(key) ?? [undefined])];
  }
}
