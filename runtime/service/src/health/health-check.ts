/**
 * What a check may answer: nothing or `true`: it passes. A text or `false`: it fails, and why. A number is an HTTP status, as
 * Karyon's `HealthCheckHandler` gives: 204 is still starting, any other 2xx passes, the rest fails.
 */
export type CheckAnswer = boolean | string | number | undefined | void;

export interface HealthCheck {
  /** Unique in the service. */
  readonly name: string;
  readonly check: (signal: AbortSignal) => CheckAnswer | Promise<CheckAnswer>;
  /**
   * `readiness` (default): while it fails nobody is sent here. `liveness`: while it fails the instance is broken, and is to be
   * replaced. `dependency`: something that all instances share; while it fails people are told, and the instance goes on
   * serving, since taking all of them out helps nobody.
   */
  readonly kind?: "liveness" | "readiness" | "dependency";
  /** One that takes longer has failed. It is not asked again before it has answered. Default 1 000 ms. */
  readonly timeoutMs?: number;
  /** From one answer to the next question. Default 2 000 ms; 250 ms until it has first passed. */
  readonly everyMs?: number;
}

export type CheckStatus = "pass" | "warn" | "fail" | "starting";

/** What is known of one check. */
export interface CheckState {
  readonly name: string;
  readonly kind: "liveness" | "readiness" | "dependency";
  readonly status: CheckStatus;
  /** Why; empty when it passes. */
  readonly output: string;
  /** When this was seen. */
  readonly atMs: number;
  readonly tookMs: number;
}
