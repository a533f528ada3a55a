/**
 * `GET /v1/resilience` on an instance's admin port: its commands with their circuits, and what its balanced client knows of
 * each server it calls. Times are ISO 8601, durations ms.
 */
export interface ResilienceReport {
  readonly commands: readonly CommandReport[];
  readonly balancers: readonly BalancerReport[];
}

export type CircuitState = "closed" | "open" | "half-open" | "forced-open" | "forced-closed" | "disabled";

/** One command of one process; counts are of its rolling window. */
export interface CommandReport {
  readonly key: string;
  readonly group: string;
  readonly state: CircuitState;
  /** Why the circuit is as it is: one sentence. */
  readonly why: string;
  /** While it is open: ms until it lets a trial call through. */
  readonly trialInMs: number | null;
  /** Calls that count for the circuit, and those of them that failed, timed out or were rejected. */
  readonly requests: number;
  readonly errors: number;
  readonly errorPercentage: number;
  /** How long the rolling window is. */
  readonly windowMs: number;
  /** Calls under way, and how many there may be; null: nothing limits them. */
  readonly active: number;
  readonly limit: number | null;
  /** By Hystrix's event names (`SUCCESS`, `SHORT_CIRCUITED`, …); those that did not happen are left out. */
  readonly events: Readonly<Record<string, number>>;
  /** Of `run`, over the percentile window. */
  readonly latencyMs: LatencyReport;
  /** Changes of the circuit, latest last. */
  readonly history: readonly CircuitChangeReport[];
  /** By Hystrix's names; durations in ms. */
  readonly properties: Readonly<Record<string, string | number | boolean>>;
}

export interface LatencyReport {
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p995: number;
}

export interface CircuitChangeReport {
  readonly at: string;
  readonly to: "closed" | "open" | "half-open";
  readonly why: string;
  readonly requests: number;
  readonly errors: number;
  readonly errorPercentage: number;
}

/** What one process knows of one service it calls. */
export interface BalancerReport {
  readonly app: string;
  /** The picker's name: `peak-ewma`, `round-robin`, … */
  readonly picker: string;
  readonly zone: string | null;
  /** How servers are chosen right now, and why not the others: one sentence. */
  readonly why: string;
  /** So many servers are ejected that all are used again. */
  readonly panic: boolean;
  /** Calls, tries beyond the first, tries refused for want of budget; since the process began. */
  readonly calls: number;
  readonly retries: number;
  readonly hedges: number;
  readonly budgetRefused: number;
  /** Further tries that the budget would allow now. */
  readonly budgetLeft: number;
  readonly servers: readonly ServerReport[];
  /** Ejections and returns, latest last. */
  readonly history: readonly EjectionReport[];
  /** The latest calls that needed more than one try or failed, latest last. */
  readonly attempts: readonly CallReport[];
}

export interface ServerReport {
  readonly instance: string;
  readonly zone: string;
  readonly origin: string;
  readonly outstanding: number;
  /** Peak-sensitive average of answer times. */
  readonly ewmaMs: number;
  /** Since this process knows it. */
  readonly requests: number;
  readonly failures: number;
  /** Share of its load that it gets: less than 1 in slow start. */
  readonly weight: number;
  /** Null when it gets calls. */
  readonly ejected: { readonly forMs: number; readonly why: string; readonly times: number } | null;
}

export interface EjectionReport {
  readonly at: string;
  readonly instance: string;
  readonly what: "ejected" | "returned";
  /** One sentence, with the numbers of that moment. */
  readonly why: string;
}

export interface CallReport {
  readonly at: string;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly tookMs: number;
  /** `200`, or the error's code. */
  readonly outcome: string;
  readonly attempts: readonly AttemptReport[];
}

export interface AttemptReport {
  readonly instance: string;
  readonly zone: string;
  /** From the begin of the call. */
  readonly startedMs: number;
  readonly tookMs: number;
  /** Why it was made: `first`, `retry`, `hedge`. */
  readonly kind: "first" | "retry" | "hedge";
  /** `200`, `not-executed` (refused, not connected), `lost` (cut, reset), `silent`, `abandoned`, `own-fault`. */
  readonly outcome: string;
}

/** Control's `GET /v1/resilience`: the reports of all instances that answered within a second. */
export interface ResilienceView {
  readonly at: string;
  readonly callers: readonly CallerReport[];
  /** Instances that did not answer, and why. */
  readonly silent: readonly { readonly service: string; readonly instance: string; readonly why: string }[];
}

export interface CallerReport extends ResilienceReport {
  readonly service: string;
  readonly instance: string;
  readonly zone: string;
}
