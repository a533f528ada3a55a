import type { BenchCase } from "../bench-context.ts";
import { ipc, lookups, resolved } from "../metrics/recording.ts";

export const cases: readonly BenchCase[] = [
  { name: "resolved", run: resolved },
  { name: "lookups", run: lookups },
  { name: "ipc", run: ipc },
];
