import type { DiscoveryInstance } from "@holdfast/wire/control";
import type { ReactNode } from "react";
import { formatLength } from "../../lib/format.ts";

type Lease = NonNullable<DiscoveryInstance["lease"]>;

/** How much of a lease is left, as it was when it was read. */
export function LeaseBar({ lease }: { readonly lease: Lease }): ReactNode {
  const { durationMs, expiresInMs, held } = lease;
  const share = Math.max(0, Math.min(1, expiresInMs / Math.max(1, durationMs)));
  const text = held ? "over, kept" : expiresInMs <= 0 ? "over" : `${formatLength(expiresInMs)} left`;
  // A heartbeat each third of the lease: below that one has been missed.
  const tone = held || expiresInMs <= 0 || share < 0.3 ? "warn" : "good";
  return (
    <span className="lease" data-tone={tone}>
      <span className="lease-track" aria-hidden="true">
        <i style={{ width: `${(100 * share).toFixed(1)}%` }} />
      </span>
      <span className="numeric">{text}</span>
    </span>
  );
}
