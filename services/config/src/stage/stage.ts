import type { PropertyScope } from "@holdfast/wire";

/** With whom a step tries the value: a share of all whom its scope covers (0–1], or those of them in these zones. */
export type StageStep = { readonly fraction: number } | { readonly zones: readonly string[] };

export type StageState = "running" | "reverted" | "completed";

/** When a step is given up, and when it has passed. */
export interface GateOptions {
  /** How long a step is watched, in ms. */
  readonly watchMs: number;
  /** With fewer requests the step is watched on, three times as long at most; then it has failed. 0: it passes. */
  readonly requestsMin: number;
  /** The staged instances' share of errors may be higher than the others' by so much, in percentage points. */
  readonly errorPointsMax: number;
  /** The staged instances' 99th percentile may be so many times the others'. */
  readonly p99RatioMax: number;
  /** A 99th percentile up to this is never too slow, in ms: below it ratios are noise. */
  readonly p99FloorMs: number;
}

/**
 * Thirty seconds a step (figures come each second or so), 20 requests (what Hystrix wants to see before it trusts a share
 * of errors), two points of errors, twice the 99th percentile.
 */
export const gateDefaults: GateOptions = {
  watchMs: 30_000,
  requestsMin: 20,
  errorPointsMax: 2,
  p99RatioMax: 2,
  p99FloorMs: 50,
};

/** What some instances have done. */
export interface GateFigures {
  readonly instances: number;
  /** Of these, those that are unwell or have ended unasked since the step began. */
  readonly unhealthy: number;
  readonly requests: number;
  readonly errors: number;
  /** Null when nothing was measured. */
  readonly p99Ms: number | null;
}

/** A value on trial, as it is kept. */
export interface StageRecord {
  readonly id: string;
  readonly key: string;
  readonly scope: PropertyScope;
  readonly value: string;
  readonly steps: readonly StageStep[];
  readonly gate: GateOptions;
  readonly author: string;
  readonly reason: string;
  readonly startedAtMs: number;
  readonly state: StageState;
  /** The step that runs, or ran last; from 0. */
  readonly step: number;
  /** Wall ms at which the step began. */
  readonly stepAtMs: number;
  /** Instances whose share (see `shareOf`) is at most this are in; fixed when a step begins. */
  readonly threshold: number;
  /** The revision of the latest step. */
  readonly revision: number;
  /** How those it covers did before it began; what counts when there are no others to compare with. */
  readonly baseline: GateFigures;
  /** Why it is as it is, in one sentence. */
  readonly note: string;
  /** What the gate saw last. */
  readonly seen?: { readonly staged: GateFigures; readonly others: GateFigures };
}
