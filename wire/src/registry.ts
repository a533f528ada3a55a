import type { InstanceId } from "@holdfast/kernel";
import type { EurekaInstance } from "./eureka/types.ts";

/** Eureka's own status words. Only `UP` gets traffic. */
export type InstanceStatus = "STARTING" | "UP" | "DOWN" | "OUT_OF_SERVICE" | "UNKNOWN";
export const instanceStatuses: readonly InstanceStatus[] = ["STARTING", "UP", "DOWN", "OUT_OF_SERVICE", "UNKNOWN"];

/**
 * What the registry keeps of one instance. `(incarnation, version)` orders two records of the same id: the later
 * start wins, then the later change.
 */
export interface InstanceRecord {
  /** The logical name callers use, lower case. */
  readonly app: string;
  readonly id: InstanceId;
  /** Wall time in ms when this identity was started. */
  readonly incarnation: number;
  /** Counts the changes of this record by its owner, from 1. */
  readonly version: number;
  readonly status: InstanceStatus;
  readonly region: string;
  readonly zone: string;
  readonly address: string;
  readonly port: number;
  /** Where health and metrics are; absent for programs that link nothing of ours. */
  readonly adminPort?: number;
  readonly application: string;
  readonly cluster: string;
  readonly serverGroup: string;
  /** True when the server checks {@link Headers.instance} and answers 421 to a stranger's traffic. */
  readonly verifiesIdentity: boolean;
  readonly metadata: Readonly<Record<string, string>>;
  /** How long its lease lives without a renewal, in ms, when the instance says so itself; else the registry's own. */
  readonly leaseMs?: number;
  /** What an Eureka client registered, whole; absent for instances that speak our own API. */
  readonly eureka?: EurekaInstance;
}

/** `<peer>:<epoch>:<sequence>`: where in which peer's history a view stands. A foreign one gets a snapshot. */
export interface Cursor {
  readonly peer: string;
  readonly epoch: number;
  readonly sequence: number;
}

export function formatCursor(cursor: Cursor): string {
  return `${cursor.peer}:${cursor.epoch}:${cursor.sequence}`;
}

export function parseCursor(text: string): Cursor | undefined {
  const match = /^([A-Za-z0-9._-]{1,64}):(\d{1,15}):(\d{1,15})$/.exec(text);
  if (match?.[1] === undefined) return undefined;
  return { peer: match[1], epoch: Number(match[2]), sequence: Number(match[3]) };
}

/** First event of `GET /v1/registry/stream`: the whole (filtered) view. */
export interface SnapshotMessage {
  readonly cursor: string;
  /** Names this listener for {@link AckMessage}. */
  readonly listener: string;
  readonly instances: readonly InstanceRecord[];
  /**
   * How long this registry has been running, in ms of its own monotonic clock. A registry younger than a lease cannot say
   * that what it does not name is gone.
   */
  readonly ageMs?: number;
}

/** Later events: what changed. */
export interface DeltaMessage {
  readonly cursor: string;
  readonly upserts: readonly InstanceRecord[];
  readonly removals: readonly { readonly app: string; readonly id: InstanceId; readonly cause: string }[];
  /** On the first message of a resumed stream: names this listener for {@link AckMessage}. */
  readonly listener?: string;
  /** When set, the registry waits to hear that this listener has applied the delta. */
  readonly ack?: boolean;
}

/** `POST /v1/registry/acks`: this listener has applied all up to `cursor`. */
export interface AckMessage {
  readonly listener: string;
  readonly cursor: string;
}

/** `PUT /v1/registry/instances/{app}/{id}/status` answers how many callers have seen the change. */
export interface SeenAnswer {
  readonly listeners: number;
  readonly seen: number;
  /** False when `awaitSeenMs` ended first. */
  readonly complete: boolean;
}

export interface StatusChange {
  readonly status: InstanceStatus;
  readonly incarnation: number;
  readonly version: number;
  /** Wait up to so many ms for all listeners' acknowledgement; 0 does not wait. At most 10 000. */
  readonly awaitSeenMs: number;
}

export interface RenewRequest {
  readonly incarnation: number;
  readonly version: number;
}

/** Paths of the registry's own API. */
export const RegistryPaths = {
  stream: "/v1/registry/stream",
  acks: "/v1/registry/acks",
  instances: "/v1/registry/instances",
  replicate: "/v1/registry/replicate",
  probe: "/v1/registry/probe",
  peers: "/v1/registry/peers",
  health: "/v1/registry/health",
  summary: "/v1/registry/summary",
  preservation: "/v1/registry/preservation",
  events: "/v1/registry/events",
  overrides: "/v1/registry/overrides",
  override: (app: string, id: string): string =>
    `/v1/registry/overrides/${encodeURIComponent(app)}/${encodeURIComponent(id)}`,
  why: (app: string, id: string): string => `/v1/leases/${encodeURIComponent(app)}/${encodeURIComponent(id)}/why`,
  instance: (app: string, id: string): string =>
    `/v1/registry/instances/${encodeURIComponent(app)}/${encodeURIComponent(id)}`,
} as const;

/** Is `a` a later account of the same instance than `b`? */
export function isNewer(
  a: Pick<InstanceRecord, "incarnation" | "version">,
  b: Pick<InstanceRecord, "incarnation" | "version">,
): boolean {
  return a.incarnation !== b.incarnation ? a.incarnation > b.incarnation : a.version > b.version;
}
