import type { BenchCase } from "../bench-context.ts";
import { besideEureka } from "../registry/beside-eureka.ts";
import { capacity } from "../registry/capacity.ts";
import { falseRemovals } from "../registry/false-removals.ts";
import { death, seenByListeners } from "../registry/freshness.ts";
import { fuzz } from "../registry/fuzz.ts";
import { allDown, partition } from "../registry/outage.ts";

export const cases: readonly BenchCase[] = [
  { name: "capacity", run: capacity },
  { name: "beside-eureka", run: besideEureka },
  { name: "seen", run: seenByListeners },
  { name: "death", run: death },
  { name: "partition", run: partition },
  { name: "all-down", run: allDown },
  { name: "fuzz", run: fuzz },
  { name: "false-removals", run: falseRemovals },
];
