import type { RegistryProfile } from "@holdfast/wire";
import type { LeaseOptions } from "./lease-options.ts";

export interface Profile {
  readonly leases: Pick<LeaseOptions, "leaseMs">;
  /** Sentence for people. */
  readonly says: string;
}

/**
 * `fast`: heartbeat 3 s, lease 9 s and not a moment more. `compat`: `DefaultEurekaServerConfig` and `Lease.java`; 90 s,
 * which their arithmetic doubles (`renew` adds the duration once, `isExpired` again), a bug they document and keep.
 */
const profiles: Readonly<Record<RegistryProfile, Profile>> = {
  fast: { leases: { leaseMs: 9_000 }, says: "heartbeat 3 s, lease 9 s, changes pushed" },
  compat: {
    leases: { leaseMs: 180_000 },
    says: "Netflix's timings: heartbeat 30 s, lease 2 × 90 s, eviction each 60 s",
  },
};

export function profileOf(name: RegistryProfile): Profile {
  return profiles[name];
}
