import type { Datapoint, Series } from "../../src/autoscale/metric-source.ts";

/** Data points of consecutive minutes that end at `endMs`; `undefined` is a minute without a figure. */
export function series(values: readonly (number | undefined)[], inService = 1, endMs = 0): Series {
  return values.map((value, index): Datapoint | undefined => {
    if (value === undefined) return undefined;
    return { endMs: endMs - (values.length - 1 - index) * 60_000, value, reporting: inService, inService };
  });
}
