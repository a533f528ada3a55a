import type { CallPermit } from "../command-definition.ts";

/** How a permit ended. */
export type Outcome = "success" | "dropped" | "ignored";

/** Whose permits they are. */
export interface PermitOwner {
  settled(permit: Permit, outcome: Outcome): void;
}

/** A place among the calls under way; given back by the first of its three ends, the others do nothing. */
export class Permit implements CallPermit {
  /** On the clock's monotonic time. */
  readonly startMs: number;
  /** Calls under way when it was given, itself included. */
  readonly inFlight: number;
  /** Which part of the limiter's places it is one of. */
  readonly partition: Partition | undefined;
  #owner: PermitOwner | undefined;

  constructor(owner: PermitOwner, startMs: number, inFlight: number, partition: Partition | undefined) {
    this.#owner = owner;
    this.startMs = startMs;
    this.inFlight = inFlight;
    this.partition = partition;
  }

  success(): void {
    this.#settle("success");
  }

  dropped(): void {
    this.#settle("dropped");
  }

  ignored(): void {
    this.#settle("ignored");
  }

  #settle(outcome: Outcome): void {
    const owner = this.#owner;
    if (owner === undefined) return;
    this.#owner = undefined;
    owner.settled(this, outcome);
  }
}

/** Places under way of one part, and how many of them it is guaranteed. */
export interface Partition {
  readonly name: string;
  readonly share: number;
  inFlight: number;
  limit: number;
}

/** For calls that are not limited: nothing is learnt from them. */
export const bypassPermit: CallPermit = { success: () => {}, dropped: () => {}, ignored: () => {} };
