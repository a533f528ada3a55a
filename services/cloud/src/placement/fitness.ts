import type { HostLoad } from "./host.ts";
import type { ResourceKind, Resources } from "./resources.ts";

/**
 * How one host is preferred to another: `binpack` fills the fullest that still fits, so that whole hosts stay empty;
 * `spread` takes the emptiest, so that a lost host costs little.
 */
export interface Strategy {
  readonly kind: "binpack" | "spread";
  /** What is looked at, each with the same weight. */
  readonly over: readonly ResourceKind[];
}

/** Fenzo's `cpuMemBinPacker`, and its other packers and spreaders as combinations. */
export const cpuMemBinPacker: Strategy = { kind: "binpack", over: ["milliCpu", "memoryBytes"] };
export const cpuMemSpreader: Strategy = { kind: "spread", over: ["milliCpu", "memoryBytes"] };

/**
 * How well a host would suit, from 0 to 1: the mean over the strategy's resources of what would be used there with the
 * request, in parts of what the host has (Fenzo: (running + assigned now + request) / (available + running)); for `spread`
 * one less that. Resources that the host has none of are left out.
 *
 * Fenzo refuses a host of fitness 0, so that its spreaders never put a task on a host that it fills to the brim; here 0 is
 * only the worst.
 */
export function fitnessOf(strategy: Strategy, load: HostLoad, request: Resources): number {
  const { capacity } = load.host;
  let sum = 0;
  let counted = 0;
  for (const kind of strategy.over) {
    const has = capacity[kind];
    if (has <= 0) continue;
    sum += (load.used[kind] + request[kind]) / has;
    counted++;
  }
  if (counted === 0) return 0;
  return strategy.kind === "binpack" ? sum / counted : 1 - sum / counted;
}
