/**
 * The largest value of late, for two readers with windows of their own: those who look at any time (the largest of this
 * window and the one before) and the publisher, who takes what came since it took last. Users touch `now` alone.
 */
export class RecentMax {
  /** The largest since somebody looked; minus infinity when nothing came. */
  now: number = Number.NEGATIVE_INFINITY;
  #window = Number.NEGATIVE_INFINITY;
  #windowBefore = Number.NEGATIVE_INFINITY;
  #step = Number.NEGATIVE_INFINITY;

  /** The largest of this window and the one before; minus infinity when nothing came. */
  get value(): number {
    return Math.max(this.now, this.#window, this.#windowBefore);
  }

  /** Begins a new window and forgets the one before the last. */
  roll(): void {
    this.#share();
    this.#windowBefore = this.#window;
    this.#window = Number.NEGATIVE_INFINITY;
  }

  /** The largest since the last call of this; minus infinity when nothing came. */
  takeStep(): number {
    this.#share();
    const taken = this.#step;
    this.#step = Number.NEGATIVE_INFINITY;
    return taken;
  }

  #share(): void {
    this.#window = Math.max(this.#window, this.now);
    this.#step = Math.max(this.#step, this.now);
    this.now = Number.NEGATIVE_INFINITY;
  }
}
