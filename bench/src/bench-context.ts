import type { SeededRandom } from "@holdfast/kernel";
import type { Measured } from "./figure.ts";

/** What a case gets. */
export interface BenchContext {
  /** The repository. */
  readonly root: string;
  /** True: small sizes, to see that it works; figures are then no proof. */
  readonly short: boolean;
  readonly random: SeededRandom;
  /** Says what is being done; goes to stderr. */
  readonly say: (line: string) => void;
}

/** One case: measures, and yields a figure as soon as it has one. */
export interface BenchCase {
  readonly name: string;
  run(context: BenchContext): AsyncIterable<Measured>;
}

/** What each file in `cases/` exports as `cases`. */
export interface BenchFile {
  readonly cases: readonly BenchCase[];
}

export function size(context: Pick<BenchContext, "short">, short: number, stated: number): number {
  return context.short ? short : stated;
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
