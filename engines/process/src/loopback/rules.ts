import { blockCovers } from "@holdfast/kernel";
import type { NetworkFault } from "@holdfast/wire";

/** What control tells the programs of a stack whose zones share one network: a file that each of them follows. */
export interface HookRules {
  readonly faults: readonly (NetworkFault & {
    /** Wall time in ms after which it is over, unless the file says otherwise. */ readonly untilMs: number;
  })[];
  /** Port → the address that stands for its instance, where all of them have the same real one (mode `ports`). */
  readonly places: Readonly<Record<string, string>>;
}

/** What becomes of what goes from one address to another. */
export interface Way {
  /** Nothing arrives. */
  readonly isCut: boolean;
  readonly isRefused: boolean;
  /** Added to everything, in ms. */
  readonly delayMs: number;
  /** Share of segments that arrive after TCP has sent them again. */
  readonly loss: number;
  readonly bitsPerSecond: number;
}

export const open: Way = {
  isCut: false,
  isRefused: false,
  delayMs: 0,
  loss: 0,
  bitsPerSecond: Number.POSITIVE_INFINITY,
};

/** What all faults together make of the way between two addresses at a moment (wall ms); `open` itself when they are not about it. */
export function wayOf(rules: HookRules, from: string, to: string, nowMs: number): Way {
  let way = open;
  for (const fault of rules.faults) {
    if (fault.untilMs <= nowMs) continue;
    if (!fault.pairs.some(([a, b]) => blockCovers(a, from) && blockCovers(b, to))) continue;
    way = {
      isCut: way.isCut || fault.kind === "partition",
      isRefused: way.isRefused || fault.kind === "refuse",
      delayMs: way.delayMs + (fault.kind === "delay" ? (fault.delayMs ?? 0) : 0),
      loss: fault.kind === "loss" ? 1 - (1 - way.loss) * (1 - (fault.lossPercent ?? 0) / 100) : way.loss,
      bitsPerSecond:
        fault.kind === "bandwidth" ? Math.min(way.bitsPerSecond, fault.bitsPerSecond ?? Infinity) : way.bitsPerSecond,
    };
  }
  return way;
}

/** Reads the file's text; what is no such file is no fault: a half-written one must not stop a program. */
export function readRules(text: string): HookRules {
  try {
    const { faults, places } = JSON.parse(text) as Partial<HookRules>;
    return { faults: Array.isArray(faults) ? faults : [], places: places ?? {} };
  } catch {
    return { faults: [], places: {} };
  }
}
