import type { BenchCase } from "../bench-context.ts";
import { cost, oneBad, outage, picking } from "../client/balancing.ts";

export const cases: readonly BenchCase[] = [
  { name: "one-bad", run: oneBad },
  { name: "cost", run: cost },
  { name: "picking", run: picking },
  { name: "outage", run: outage },
];
