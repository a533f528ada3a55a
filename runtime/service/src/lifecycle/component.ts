/** A part of a service that is started before it serves and stopped after: a pool of connections, a cache to be filled, a consumer. */
export interface Component {
  /** Unique in the service; what logs and errors call it. */
  readonly name: string;
  /** Names of components that are started before this one, and stopped after it. */
  readonly dependsOn?: readonly string[];
  /** Resolves when it can be used. `signal` is aborted when the start is given up. */
  readonly start?: (signal: AbortSignal) => unknown;
  /** Runs when everything is started and before anybody is served: code compiled, caches filled. A failure is logged, no more. */
  readonly warmUp?: (signal: AbortSignal) => unknown;
  /** Runs when nobody is served any more and what depends on it has stopped. A failure is logged; the others stop all the same. */
  readonly stop?: () => unknown;
  /** Default 30 000 ms: after that the start has failed. */
  readonly startMaxMs?: number;
  /** Default 10 000 ms: after that the service goes on without. */
  readonly warmUpMaxMs?: number;
  /** Default 5 000 ms: after that the others are stopped. */
  readonly stopMaxMs?: number;
}

export const componentDefaults = { startMaxMs: 30_000, warmUpMaxMs: 10_000, stopMaxMs: 5_000 } as const;

export type ComponentState =
  | "waiting"
  | "starting"
  | "started"
  | "warming"
  | "ready"
  | "stopping"
  | "stopped"
  | "failed";

/** What people are shown of a component. */
export interface ComponentReport {
  readonly name: string;
  readonly state: ComponentState;
  readonly dependsOn: readonly string[];
  /** How long it took, or has taken so far; `null`: not begun. */
  readonly startMs: number | null;
  readonly warmUpMs: number | null;
  readonly stopMs: number | null;
  /** Why it failed; empty when it did not. */
  readonly problem: string;
}
