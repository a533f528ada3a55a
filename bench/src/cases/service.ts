import type { BenchCase } from "../bench-context.ts";
import { cost } from "../service/cost.ts";

export const cases: readonly BenchCase[] = [{ name: "cost", run: cost }];
