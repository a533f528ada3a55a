/** What a picker sees of a server. */
export interface PickServer {
  readonly id: string;
  readonly zone: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Calls under way there, from this process. */
  readonly outstanding: number;
  /** Peak-sensitive average of answer times (decays over 10 s), in ms; 0 until it has answered. */
  ewmaMs(nowMs: number): number;
  /** Plain average of recent answer times, in ms; 0 until it has answered. */
  averageMs(): number;
  /** Share of a full server's load it should get now: 1, less in slow start, times its weight (canary). More than 0. */
  weight(nowMs: number): number;
}

/** What a picker is told of the call. One object is used again and again: do not keep it. */
export interface PickRequest {
  /** Of what the caller said belongs together (consistent hash); `undefined` when it said nothing. */
  readonly hashKey: string | undefined;
  /** The server that answered this caller's calls until now (sticky). */
  readonly stickyTo: string | undefined;
  /** Servers that this call has tried: none of them is picked. */
  readonly tried: readonly PickServer[];
  /** Monotonic. */
  readonly nowMs: number;
}

/**
 * Chooses a server for one try. `servers` are those that may be used (listed, not ejected, of the right zone); the same
 * array comes again until something changes, so that what is worked out from it can be kept by its identity. A picker that
 * returns `undefined` or a server that was tried is not asked twice: one of the untried is taken at random.
 */
export interface Picker {
  readonly name: string;
  pick(servers: readonly PickServer[], request: PickRequest): PickServer | undefined;
}
