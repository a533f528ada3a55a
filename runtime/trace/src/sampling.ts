import { numberBetween } from "@holdfast/kernel";
import type { IdSource } from "./context/ids.ts";
import { type RemoteParent, sampledFlag } from "./context/traceparent.ts";

export const samplingDefaults = {
  /** The share of new traces that are kept from the start: property `trace.sample`. */
  ratio: 0.05,
  /** A trace whose first span here takes so long is kept whatever was decided: property `trace.slow.ms`. */
  slowMs: 1_000,
  /** So many traces a second are kept for having failed or been slow: property `trace.failures.per.second`. */
  failuresPerSecond: 20,
  /** Do as the caller decided, so that a trace is kept whole or not at all. */
  parentBased: true,
} as const;

/** Which traces are kept. May change while the process runs. */
export class Sampling {
  slowMs: number = samplingDefaults.slowMs;
  failuresPerSecond: number = samplingDefaults.failuresPerSecond;
  parentBased: boolean = samplingDefaults.parentBased;
  #ratio: number = samplingDefaults.ratio;
  /** Of 2³² draws. */
  #threshold = threshold(samplingDefaults.ratio);

  get ratio(): number {
    return this.#ratio;
  }

  /** @throws OptionError when it is not from 0 to 1. */
  set ratio(ratio: number) {
    numberBetween("trace.sample", ratio, 0, 1);
    this.#ratio = ratio;
    this.#threshold = threshold(ratio);
  }

  flagsOfNew(ids: IdSource): number {
    return ids.next32() < this.#threshold ? sampledFlag : 0;
  }

  flagsOf(remote: RemoteParent, ids: IdSource): number {
    if (remote.flags === undefined) return this.flagsOfNew(ids);
    if (this.parentBased) return remote.flags;
    // By the trace's own id, as `traceidratio` does, so that all hops with that ratio keep the same ones.
    const isKept = Number.parseInt(remote.traceId.slice(-8), 16) < this.#threshold;
    return (remote.flags & ~sampledFlag) | (isKept ? sampledFlag : 0);
  }
}

function threshold(ratio: number): number {
  return Math.round(ratio * 2 ** 32);
}
