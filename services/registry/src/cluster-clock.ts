import type { Clock } from "@holdfast/kernel";

/** A peer further ahead than this is not believed: its clock is broken, and ours would be ruined for good. */
const aheadMaxMs = 2 * 24 * 3_600_000;
/** Less than this is the network's delay, not another basis. */
const rebaseFromMs = 1_000;
/** Stamps count thousandths of a millisecond, so that several fit into one; 2^53 lasts until the year 2255. */
const stampsPerMs = 1_000;

/**
 * Time that all peers of a cluster agree on, to within the network's delay, however wrong their wall clocks are: it runs
 * on this machine's monotonic time, and is put forward to that of any peer that is ahead. Stamps of it order what
 * clients without a version of their own say at different peers (a hybrid logical clock: Kulkarni et al., 2014).
 */
export class ClusterClock {
  readonly #clock: Clock;
  /** Tells this peer's stamps from the others' when they fall together. */
  readonly #low: number;
  readonly #onRebase: (deltaStamps: number) => void;
  #offsetMs: number;
  #last = 0;

  /** `onRebase` is called when a peer of another time basis is first heard: stamps made before then move by so much. */
  constructor(clock: Clock, peerHash: number, onRebase: (deltaStamps: number) => void) {
    this.#clock = clock;
    this.#low = peerHash % 100;
    this.#onRebase = onRebase;
    this.#offsetMs = clock.wallMs() - clock.monotonicMs();
  }

  /** Ms since the epoch, by the cluster's reckoning. Never goes back; wall clock jumps do not touch it. */
  nowMs(): number {
    return this.#clock.monotonicMs() + this.#offsetMs;
  }

  /** Greater than every stamp made or seen here so far, and unlike any made elsewhere. */
  stamp(): number {
    const next = Math.floor(this.nowMs()) * stampsPerMs + this.#low;
    this.#last = next > this.#last ? next : this.#last + 100;
    return this.#last;
  }

  /** A stamp seen in a peer's record: ours come after it. */
  seen(stamp: number): void {
    if (stamp > this.#last && stamp <= (this.nowMs() + aheadMaxMs) * stampsPerMs)
      this.#last = stamp - (stamp % 100) + this.#low;
  }

  /** Takes in a peer's time as sent. False when it is too far ahead to be believed. */
  witness(peerNowMs: number): boolean {
    const aheadMs = peerNowMs - this.nowMs();
    if (aheadMs <= 0) return true;
    if (!(aheadMs <= aheadMaxMs)) return false;
    this.#offsetMs += aheadMs;
    if (aheadMs > rebaseFromMs) this.#onRebase(Math.round(aheadMs) * stampsPerMs);
    return true;
  }
}
