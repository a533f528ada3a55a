import { Distribution, isAmount } from "./distribution.ts";

/** Counts amounts such as sizes: how many, how much in all, the largest. */
export class DistributionSummary extends Distribution {
  /** Negative and non-finite amounts are ignored. Allocates nothing. */
  record(amount: number): void {
    if (isAmount(amount)) this.take(amount);
  }
}
