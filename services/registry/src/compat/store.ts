import type { InstanceRecord, InstanceStatus, PeerView, PreservationView } from "@holdfast/wire";

/** One instance as the registry holds it. `app` is lower case throughout; Eureka's upper case is made at its door. */
export interface Held {
  /** The instance's own account. */
  readonly record: InstanceRecord;
  /** What callers see: the account's status, an override, or damping. */
  readonly status: InstanceStatus;
  /** An operator's word, when there is one. */
  readonly override: InstanceStatus | undefined;
  /** `ADDED` by its first registration, `MODIFIED` by whatever changed since. */
  readonly action: "ADDED" | "MODIFIED";
  /** Wall ms of its first registration, last renewal, last change; when it was first UP, or 0. */
  readonly registeredAtMs: number;
  readonly renewedAtMs: number;
  readonly updatedAtMs: number;
  readonly upAtMs: number;
  /** How long the lease lives without a renewal. */
  readonly leaseMs: number;
}

/** A record before the registry has given it its place in the order of accounts. */
export type Unstamped = Omit<InstanceRecord, "incarnation" | "version">;

export interface StoreChange {
  readonly app: string;
  readonly id: string;
  /** Absent when the instance is gone. */
  readonly held: Held | undefined;
  /** As it was; absent when it is new. */
  readonly before: Held | undefined;
  /** Who did it: `instance`, `operator`, `lease`, `probe`, a peer's name, or what was given as `by`. */
  readonly by: string;
}

/** What Eureka's face needs of the registry behind it. Every answer is at once: nothing here waits. */
export interface EurekaStore {
  /** True once peers have been heard (or given up), and until the drain. */
  readonly serving: boolean;
  /** Wall ms. */
  readonly startedAtMs: number;
  readonly size: number;
  /** The account as callers see it: with the status that counts. Cheaper than {@link find}. */
  get(app: string, id: string): InstanceRecord | undefined;
  find(app: string, id: string): Held | undefined;
  /** All instances, or those of one app; in order of registration. */
  list(app?: string): Iterable<Held>;
  /** Names of all apps that have instances, sorted. */
  apps(): readonly string[];
  /** Registers or replaces; the account is stamped as the newest. `by`: who, for the log. */
  put(record: Unstamped, by: string): void;
  /** Answers with the account as callers see it; `undefined` when unknown. One look-up: heartbeats come this way. */
  renew(app: string, id: string, by: string): InstanceRecord | undefined;
  /** False when unknown. Remembered, so that nothing late brings it back. */
  cancel(app: string, id: string, by: string): boolean;
  /** False when unknown. */
  setOverride(app: string, id: string, status: InstanceStatus, by: string, reason: string): boolean;
  /** False when unknown or not overridden. */
  clearOverride(app: string, id: string, by: string): boolean;
  /** Changes the account's own status, stamped as the newest. False when unknown. */
  setOwnStatus(app: string, id: string, status: InstanceStatus, by: string): boolean;
  /** Calls `listener` with every change, in order, while the change is being made; returns the way to stop. */
  onChange(listener: (change: StoreChange) => void): () => void;
  peers(): readonly PeerView[];
  preservation(): PreservationView;
}
