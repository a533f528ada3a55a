import { type Clock, numberBetween, OptionError } from "@holdfast/kernel";
import type { CallPermit } from "../command-definition.ts";
import type { Limit } from "./limit.ts";
import { CountingLimiter, type LimiterOptions } from "./limiter.ts";
import type { Partition } from "./permit.ts";

export interface PartitionOptions<C> extends LimiterOptions<C> {
  /** The share of the limit that each partition is guaranteed, 0 to 1, by its name; 1 in all at most. */
  readonly partitions: Readonly<Record<string, number>>;
  /** Whose call it is. Calls of none or of an unknown one are let in only while there is room for all. */
  readonly partitionOf: (context: C | undefined) => string | undefined;
}

/** Of sums of shares such as 0.1 + 0.2. */
const rounding = 1e-9;

/**
 * A limiter that guarantees each kind of call a share of the limit, and lets every kind have what the others leave.
 *
 * A guarantee holds even when others have taken all the room, so that up to the limit and the sum of the guarantees may
 * be under way for a moment (as with Netflix's `AbstractPartitionedLimiter`). A guarantee is at least one call.
 */
export class PartitionedLimiter<C = unknown> extends CountingLimiter<C> {
  readonly #partitions = new Map<string, Partition>();
  readonly #unknown: Partition = { name: "unknown", share: 0, inFlight: 0, limit: 0 };
  readonly #partitionOf: (context: C | undefined) => string | undefined;

  /** @throws OptionError */
  constructor(clock: Clock, limit: Limit, options: PartitionOptions<C>) {
    super(clock, limit, options);
    this.#partitionOf = options.partitionOf;
    let sum = 0;
    for (const [name, share] of Object.entries(options.partitions)) {
      sum += numberBetween(`partitions.${name}`, share, 0, 1);
      this.#partitions.set(name, { name, share, inFlight: 0, limit: 0 });
    }
    if (this.#partitions.size === 0) throw new OptionError("partitions", "at least one partition", {});
    if (sum > 1 + rounding) throw new OptionError("partitions", "shares whose sum is at most 1", sum);
    this.limitChanged(limit.limit);
  }

  acquire(context?: C): CallPermit | undefined {
    if (this.bypasses(context)) return this.bypassed();
    const partition = this.#of(context);
    if (this.inFlight >= this.limit && partition.inFlight >= partition.limit) return this.rejected();
    return this.take(partition);
  }

  hasRoom(context?: C): boolean {
    if (this.inFlight < this.limit || this.bypasses(context)) return true;
    const partition = this.#of(context);
    return partition.inFlight < partition.limit;
  }

  /** A partition as it is now; `undefined`: there is none of that name. `unknown` is that of all other calls. */
  partition(name: string): Readonly<Partition> | undefined {
    return this.#partitions.get(name) ?? (name === this.#unknown.name ? this.#unknown : undefined);
  }

  protected override limitChanged(to: number): void {
    for (const partition of this.#partitions.values()) {
      partition.limit = Math.max(1, Math.ceil(to * partition.share - rounding));
    }
  }

  #of(context: C | undefined): Partition {
    const name = this.#partitionOf(context);
    return (name === undefined ? undefined : this.#partitions.get(name)) ?? this.#unknown;
  }
}
