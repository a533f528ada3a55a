import type { BenchCase } from "../bench-context.ts";
import { afterCollection, allocation, commandCost, shortCircuit } from "../resilience/command-cost.ts";
import { keys, timers } from "../resilience/many-calls.ts";

export const cases: readonly BenchCase[] = [
  { name: "command", run: commandCost },
  { name: "after-collection", run: afterCollection },
  { name: "allocation", run: allocation },
  { name: "short-circuit", run: shortCircuit },
  { name: "timers", run: timers },
  { name: "keys", run: keys },
];
