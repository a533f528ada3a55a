import type { InstanceStatus } from "./registry.ts";
import type { RegistryProbe } from "./settings.ts";

/** What the registry tells people: events, explanations, summaries. Times are ISO 8601, durations ms. */

export const registryEventKinds = [
  "registered",
  "changed",
  "status",
  "gap",
  "held",
  "released",
  "evicted",
  "removed",
  "override-set",
  "override-cleared",
  "probed-dead",
  "probed-alive",
  "damped",
  "undamped",
  "claimed",
  "peer-up",
  "peer-down",
  "paused",
] as const;
export type RegistryEventKind = (typeof registryEventKinds)[number];

/** `GET /v1/registry/events` lists these, oldest first. */
export interface RegistryEvent {
  /** Place in this peer's log, from 1. */
  readonly sequence: number;
  readonly at: string;
  readonly kind: RegistryEventKind;
  /** Empty for events of the registry itself, such as `peer-down`. */
  readonly app: string;
  readonly id: string;
  /** Who did it: `instance`, `operator`, `lease`, `probe`, `eureka`, or a peer's name. */
  readonly by: string;
  /** One sentence. */
  readonly detail: string;
}

export interface RegistryEventsAnswer {
  readonly events: readonly RegistryEvent[];
  /** Of all that are kept. */
  readonly oldest: number;
  readonly newest: number;
}

/** `PUT /v1/registry/overrides/{app}/{id}`: an operator's word, which outweighs the instance's own `UP`. */
export interface OverrideRequest {
  readonly status: InstanceStatus;
  /** Who says so. */
  readonly by: string;
  /** Why, for people. */
  readonly reason: string;
}

export interface OverrideView extends OverrideRequest {
  readonly app: string;
  readonly id: string;
  readonly at: string;
}

/** What one vantage zone saw of an instance's port. */
export type ProbeVerdict = "alive" | "dead" | "silent";

export interface ProbeView {
  readonly zone: string;
  readonly verdict: ProbeVerdict;
  readonly at: string;
  readonly detail: string;
}

/** `GET /v1/leases/{app}/{id}/why`: why callers see this instance as they do, or do not see it. */
export interface LeaseExplanation {
  readonly app: string;
  readonly id: string;
  readonly state: "live" | "held" | "removed" | "unknown";
  /** What callers see; null when they do not see it. */
  readonly status: InstanceStatus | null;
  /** One sentence for people. */
  readonly summary: string;
  /** More sentences, the weightiest first. */
  readonly reasons: readonly string[];
  readonly lease: {
    readonly durationMs: number;
    readonly renewedMsAgo: number;
    /** Negative once it is over. */
    readonly expiresInMs: number;
    /** The peer that told us of the last renewal, or `instance`. */
    readonly via: string;
  } | null;
  /** The instance's own account. */
  readonly owner: { readonly status: InstanceStatus; readonly incarnation: number; readonly version: number } | null;
  readonly override: OverrideView | null;
  readonly damping: { readonly flaps: number; readonly untilMs: number } | null;
  readonly probes: readonly ProbeView[];
  readonly protection: PreservationGroup | null;
  readonly removal: {
    readonly cause: string;
    readonly at: string;
    /** So long a late message cannot bring it back. */
    readonly rememberedForMs: number;
  } | null;
  /** The latest events of this instance, oldest first. */
  readonly events: readonly RegistryEvent[];
}

/** Self-preservation of one app in one zone. */
export interface PreservationGroup {
  readonly app: string;
  readonly zone: string;
  readonly instances: number;
  /** Expired leases kept nevertheless. */
  readonly held: number;
  readonly engaged: boolean;
  /** One sentence: why it is engaged or not. */
  readonly reason: string;
}

/** `GET /v1/registry/preservation`. */
export interface PreservationView {
  readonly engaged: boolean;
  /** One sentence for people. */
  readonly summary: string;
  /** Heartbeats in the last full minute, and what Eureka's formula asks for. */
  readonly renewsLastMinute: number;
  readonly threshold: number;
  readonly groups: readonly PreservationGroup[];
}

/** `GET /v1/registry/summary`: one peer at a glance. */
export interface RegistrySummary {
  readonly name: string;
  readonly zone: string;
  readonly region: string;
  readonly profile: RegistryProfile;
  readonly synced: boolean;
  readonly draining: boolean;
  readonly startedAt: string;
  readonly cursor: string;
  readonly instances: number;
  readonly apps: number;
  readonly up: number;
  readonly listeners: number;
  readonly held: number;
  readonly overrides: number;
  readonly damped: number;
  readonly probe: RegistryProbe;
  readonly preservation: PreservationView;
  readonly peers: readonly PeerView[];
}

export interface PeerView {
  readonly url: string;
  readonly state: "up" | "down" | "connecting";
  /** Why it is not up; empty when it is. */
  readonly reason: string;
  /** Wall ms of the last change of `state`. */
  readonly sinceMs: number;
  /** Changes not yet sent. */
  readonly queued: number;
  /** Time the last exchange took, there and back, in ms. */
  readonly roundTripMs: number;
}

/** `compat`: Eureka's own timings. `fast`: heartbeat 3 s, lease 9 s, pushed. */
export type RegistryProfile = "compat" | "fast";
