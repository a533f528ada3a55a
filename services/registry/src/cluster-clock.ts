import type { Clock } from "@holdfast/kernel";

/** A peer further ahead than this is not believed: its clock is broken, and ours would be ruined for good. */
const aheadMaxMs = 2 * 24 * 3_600_000;
/** Less than this is the network's delay, not another basis. */
const rebaseFromMs = 1_000;
/** Stamps count thousandths of a millisecond, so that several fit into one; 2^53 lasts until the year 2255. */
const stampsPerMs = 1_000;
/** The lowest digits of a stamp say who made it. */
const makers = 100;
/** More names than any cluster has; who makes them up must not fill the memory. */
const peersMax = 64;

/** All stamps after `from` move by `deltaStamps`. */
export type OnRebase = (deltaStamps: number, from: number) => void;

/**
 * Time that all peers of a cluster agree on, to within the network's delay, however wrong their wall clocks are: it runs
 * on this machine's monotonic time, and is put forward to that of any peer that is ahead. Stamps of it order what
 * clients without a version of their own say at different peers (a hybrid logical clock: Kulkarni et al., 2014).
 */
export class ClusterClock {
  readonly #clock: Clock;
  /** Tells this peer's stamps from the others' when they fall together. */
  readonly #low: number;
  readonly #onRebase: OnRebase;
  /** Up to which stamp each peer and we have agreed on the time. */
  readonly #agreed = new Map<string, number>();
  #offsetMs: number;
  #last = 0;

  /**
   * `onRebase` is called when a peer is ahead of us: what was stamped here since we last agreed with it was stamped too
   * low, be it that we never met before, or that our machine was suspended. What is older keeps its place, so that a
   * registry that was suspended does not outbid what happened meanwhile.
   */
  constructor(clock: Clock, peerHash: number, onRebase: OnRebase) {
    this.#clock = clock;
    this.#low = (peerHash >>> 0) % makers;
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
    this.#last = next > this.#last ? next : this.#last + makers;
    return this.#last;
  }

  /** Whether a stamp can be one of this cluster's time. */
  isBelievable(stamp: number): boolean {
    return stamp <= (this.nowMs() + aheadMaxMs) * stampsPerMs;
  }

  /** A stamp seen in what a peer says: ours come after it. */
  seen(stamp: number): void {
    if (stamp > this.#last && this.isBelievable(stamp)) this.#last = stamp - (stamp % makers) + this.#low;
  }

  /** Takes in the time of `peer` as sent. False when it is too far ahead to be believed. */
  witness(peerNowMs: number, peer = ""): boolean {
    const aheadMs = peerNowMs - this.nowMs();
    if (!(aheadMs <= aheadMaxMs)) return false;
    if (aheadMs > 0) this.#offsetMs += aheadMs;
    if (aheadMs > rebaseFromMs) {
      const delta = Math.round(aheadMs) * stampsPerMs;
      this.#last += delta;
      this.#onRebase(delta, this.#agreed.get(peer) ?? Number.NEGATIVE_INFINITY);
    }
    this.#agree(peer);
    return true;
  }

  #agree(peer: string): void {
    this.#agreed.delete(peer);
    this.#agreed.set(peer, Math.floor(this.nowMs()) * stampsPerMs + stampsPerMs - 1);
    if (this.#agreed.size <= peersMax) return;
    for (const oldest of this.#agreed.keys()) {
      this.#agreed.delete(oldest);
      return;
    }
  }
}
