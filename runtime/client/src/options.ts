/** How calls are balanced, retried and bounded. Times in ms. */
export interface ClientOptions {
  /** Whole time of a call when neither the caller nor an incoming deadline says otherwise. */
  readonly timeoutMs: number;
  /** Calls of one service under way at a time, of this process: a slow service does not take everything with it. */
  readonly concurrentMax: number;
  /** Calls fail at once while most of the service's answers are failures. Off where one name stands for many services. */
  readonly circuit: boolean;
  /** A TCP connection not made in so long has failed. */
  readonly connectTimeoutMs: number;
  /** Tries of one call in all, hedges included. */
  readonly triesMax: number;
  /** Earliest and latest hedge: an idempotent call without an answer is tried a second time between the two, at 3 × p95. */
  readonly hedgeMinMs: number;
  readonly hedgeMaxMs: number;
  /** `all`: also on 502, 503, 504. `transport`: only when the connection failed or the answer was cut. */
  readonly retryOn: "all" | "transport";
  /** Second tries allowed per call, as a share of calls … */
  readonly budgetShare: number;
  /** … plus so many a second. What is saved up is bounded (`RetryBudget`). */
  readonly budgetPerSecond: number;
  /** First ejection of a server that failed; doubles with each repetition. */
  readonly ejectionMs: number;
  readonly ejectionMaxMs: number;
  /** Answers of idempotent calls up to so many bytes are held until whole. */
  readonly holdBackBytes: number;
  /** … but no longer than this: what is there is then passed on, and the rest as it comes. */
  readonly holdBackMs: number;
  /** Request bodies up to so many bytes are kept for a second try. */
  readonly replayBytes: number;
  /** Connections to one server. */
  readonly connectionsMax: number;
  /** Kept connections are closed by us after so long unused: always before a server (Node: 5 s) closes them. */
  readonly keepAliveMs: number;
  /**
   * A connection is closed and made anew after so long (±10 %, by chance), so that none pins a name's old address, or one of
   * several processes behind one address, for ever. 0: never.
   */
  readonly connectionAgeMaxMs: number;
  /** An answer that has begun and then says nothing for so long is broken off. 0: never. */
  readonly bodyIdleMs: number;
  /** Own zone: its servers are preferred. */
  readonly zone: string | undefined;
  /** Local address to connect from. */
  readonly localAddress: string | undefined;
}

/**
 * 10 % and 2/s: half of Finagle's budget (20 % + 10/s), because layers lie behind one another here and executions must
 * stay within 1.1 of the requests; 50–250 ms lets two hedges fit into the second after which people give up;
 * 1–30 s of ejection follows Ribbon's server circuit (30 s at most) and Envoy's growth with repetition.
 */
export const clientDefaults: ClientOptions = {
  timeoutMs: 10_000,
  concurrentMax: 1_000,
  circuit: true,
  connectTimeoutMs: 400,
  triesMax: 4,
  hedgeMinMs: 50,
  hedgeMaxMs: 250,
  retryOn: "all",
  budgetShare: 0.1,
  budgetPerSecond: 2,
  ejectionMs: 1_000,
  ejectionMaxMs: 30_000,
  holdBackBytes: 256 * 1024,
  holdBackMs: 1_000,
  replayBytes: 64 * 1024,
  connectionsMax: 256,
  keepAliveMs: 4_000,
  connectionAgeMaxMs: 300_000,
  bodyIdleMs: 300_000,
  zone: undefined,
  localAddress: undefined,
};
