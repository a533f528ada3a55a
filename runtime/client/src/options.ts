import type { OutlierOptions } from "./outlier/outlier-options.ts";
import type { Picker } from "./pick/picker.ts";

/** How calls are balanced, retried and bounded. Times in ms. */
export interface ClientOptions {
  /**
   * Who chooses among servers: `power-of-two` (of two at random the one with the lower peak-EWMA cost), `round-robin`, `random`,
   * `weighted-response-time`, `least-active`, `availability-filtering`, `zone-avoidance`, `consistent-hash`, `sticky`, a
   * rule of Ribbon's by its class name, or a picker of your own.
   */
  readonly picker: string | Picker;
  /** Ribbon's `ActiveConnectionsLimit`, for the pickers that heed it; −1: none. */
  readonly activeMax: number;
  /** Of very many servers only so many are called by this process, always the same ones; 0: all. */
  readonly subsetSize: number;
  /** Who we are when subsets are made: the instance's id, or its number among its like. */
  readonly subsetAs: string | number;
  /** Only servers whose metadata say this are called, while there are any: `{ version: "b" }`. */
  readonly match: Readonly<Record<string, string>> | undefined;
  /** Shares of calls by a metadata key: `{ key: "version", shares: { b: 0.05 } }`. */
  readonly canary: { readonly key: string; readonly shares: Readonly<Record<string, number>> } | undefined;
  /** Per cent: with fewer servers than that not ejected, those ejected for their answers are used all the same (Envoy: 50). */
  readonly panicThreshold: number;
  /** The app that calls, by which callers are counted zone by zone. */
  readonly app: string | undefined;
  /** Whole time of a call when neither the caller nor an incoming deadline says otherwise. */
  readonly timeoutMs: number;
  /** Calls of one service under way at a time, of this process: a slow service does not take everything with it. */
  readonly concurrentMax: number;
  /** Calls fail at once while most of the service's answers are failures. Off where one name stands for many services. */
  readonly circuit: boolean;
  /** A TCP connection not made in so long has failed. */
  readonly connectTimeoutMs: number;
  /** A try without an answer after so long is given up, and another one made if that may be. 0: only hedges and the deadline. */
  readonly tryTimeoutMs: number;
  /** Calls that are not idempotent (POST, PATCH) are made again, too: only for services that tell doubles apart. */
  readonly retryUnsafe: boolean;
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
  /** First ejection of a server that is out of reach (refused, reset, cut, silent); doubles with each repetition. */
  readonly ejectionMs: number;
  readonly ejectionMaxMs: number;
  /** When servers are ejected for what they answer, and how long, by Envoy's names; see `OutlierOptions`. */
  readonly outlier: Partial<OutlierOptions>;
  /** A server that is new, or back, gets its full share of calls only after so long. 0: at once. */
  readonly slowStartMs: number;
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
  /** No call leaves the own zone, while it has servers at all. */
  readonly zoneOnly: boolean;
  /** New servers are asked for this path (GET) before their first call, so that a connection is there. */
  readonly warmUpPath: string | undefined;
  /** Local address to connect from. */
  readonly localAddress: string | undefined;
}

/**
 * 20 % and 10/s are Finagle's budget; 50–250 ms lets two hedges fit into the second after which people give up;
 * 1–30 s of ejection follows Ribbon's server circuit (30 s at most) and Envoy's growth with repetition.
 */
export const clientDefaults: ClientOptions = {
  picker: "power-of-two",
  activeMax: -1,
  subsetSize: 0,
  subsetAs: "",
  match: undefined,
  canary: undefined,
  panicThreshold: 50,
  app: undefined,
  timeoutMs: 10_000,
  concurrentMax: 1_000,
  circuit: true,
  connectTimeoutMs: 400,
  tryTimeoutMs: 0,
  retryUnsafe: false,
  triesMax: 4,
  hedgeMinMs: 50,
  hedgeMaxMs: 250,
  retryOn: "all",
  budgetShare: 0.2,
  budgetPerSecond: 10,
  ejectionMs: 1_000,
  ejectionMaxMs: 30_000,
  outlier: {},
  slowStartMs: 5_000,
  holdBackBytes: 256 * 1024,
  holdBackMs: 1_000,
  replayBytes: 64 * 1024,
  connectionsMax: 256,
  keepAliveMs: 4_000,
  connectionAgeMaxMs: 300_000,
  bodyIdleMs: 300_000,
  zone: undefined,
  zoneOnly: false,
  warmUpPath: undefined,
  localAddress: undefined,
};
