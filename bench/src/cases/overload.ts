import type { BenchCase } from "../bench-context.ts";
import { overload } from "../overload/overload.ts";

export const cases: readonly BenchCase[] = [{ name: "server", run: overload }];
