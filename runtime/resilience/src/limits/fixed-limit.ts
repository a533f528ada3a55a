import { wholeBetween } from "@holdfast/kernel";
import { LearntLimit } from "./limit.ts";

/** A limit that learns nothing; changed by {@link SettableLimit.setLimit} alone. */
export class SettableLimit extends LearntLimit {
  /** @throws OptionError */
  constructor(limit: number) {
    super(wholeBetween("limit", limit, 0, 1_000_000));
  }

  /** @throws OptionError */
  setLimit(limit: number): void {
    this.change(wholeBetween("limit", limit, 0, 1_000_000));
  }

  protected override learn(): number {
    return this.limit;
  }
}

/** A limit that stays as it is: what a semaphore is. */
export class FixedLimit extends LearntLimit {
  /** @throws OptionError */
  constructor(limit: number) {
    super(wholeBetween("limit", limit, 0, 1_000_000));
  }

  protected override learn(): number {
    return this.limit;
  }
}
