import type { BenchCase } from "../bench-context.ts";
import { cost } from "../service/cost.ts";
import { imports } from "../service/import.ts";

export const cases: readonly BenchCase[] = [
  { name: "cost", run: cost },
  { name: "import", run: imports },
];
