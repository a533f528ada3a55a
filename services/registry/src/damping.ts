import { FlapDamper } from "./flap-damper.ts";
import type { Lease } from "./lease.ts";
import type { LeaseStore } from "./lease-store.ts";

/** Which instances are not shown as UP because they come and go too often; never the last one of an app that is up. */
export class Damping {
  readonly #flaps = new FlapDamper();
  readonly #leases: LeaseStore;

  constructor(leases: LeaseStore) {
    this.#leases = leases;
  }

  get size(): number {
    return this.#flaps.damped;
  }

  isDamped(key: string): boolean {
    return this.#flaps.isDamped(key);
  }

  /** It has come or gone by its own word. True when it is damped from now on. */
  count(lease: Lease, nowMs: number): boolean {
    if (!this.#flaps.flapped(lease.key, nowMs)) return false;
    if (this.#leases.hasOtherUp(lease)) return true;
    // Better one that comes and goes than none at all.
    this.#flaps.pardon(lease.key);
    return false;
  }

  /** Those to be shown again, with the reason; call about each second. */
  release(nowMs: number): { readonly lease: Lease; readonly why: string }[] {
    const released: { lease: Lease; why: string }[] = [];
    const add = (key: string, why: string): void => {
      this.#flaps.pardon(key);
      const lease = this.#leases.get(key);
      if (lease !== undefined) released.push({ lease, why });
    };
    for (const key of this.#flaps.release(nowMs)) add(key, "it has been steady");
    if (this.#flaps.damped === 0) return released;
    for (const key of this.#flaps.dampedKeys()) {
      const lease = this.#leases.get(key);
      if (lease !== undefined && !this.#leases.hasOtherUp(lease)) add(key, "no other is up");
    }
    return released;
  }

  /** How often it came and went lately, and in how many ms it is shown again; null when it is not damped. */
  explain(key: string, nowMs: number): { readonly flaps: number; readonly untilMs: number } | null {
    return this.#flaps.explain(key, nowMs);
  }
}
