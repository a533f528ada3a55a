import type { BenchCase } from "../bench-context.ts";
import { cost } from "../client/call-cost.ts";
import { oneBad } from "../client/one-bad.ts";
import { outage } from "../client/outage.ts";
import { picking } from "../client/picking.ts";
import { zoneKilled } from "../client/zone-killed.ts";

export const cases: readonly BenchCase[] = [
  { name: "one-bad", run: oneBad },
  { name: "cost", run: cost },
  { name: "picking", run: picking },
  { name: "outage", run: outage },
  { name: "zone", run: zoneKilled },
];
