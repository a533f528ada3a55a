/** What happens at a moment of the simulation. */
interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** Everything that is still to happen, by time, then in the order it was asked for: a binary heap. */
export class EventQueue {
  readonly #heap: Event[] = [];
  readonly #held = new Set<Promise<void>>();
  #order = 0;
  #nowMs = 0;
  #done = 0;

  /** True time, in ms since the world began; every machine's clocks are derived from it. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** How much has happened so far. */
  get done(): number {
    return this.#done;
  }

  /** How much is still to happen. */
  get waiting(): number {
    return this.#heap.length;
  }

  /** Real work is under way on another thread (packing): time stands still until what is returned is called. */
  hold(): () => void {
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => {
      release = () => {
        this.#held.delete(held);
        resolve();
      };
    });
    this.#held.add(held);
    return () => release();
  }

  at(atMs: number, run: () => void): void {
    const event: Event = { atMs: Math.max(atMs, this.#nowMs), order: this.#order++, run };
    this.#heap.push(event);
    this.#up(this.#heap.length - 1);
  }

  after(ms: number, run: () => void): void {
    this.at(this.#nowMs + Math.max(0, ms), run);
  }

  /** Runs everything that is due until `endMs`, letting promises settle after each. */
  async runUntil(endMs: number): Promise<void> {
    for (let next = this.#heap[0]; next !== undefined && next.atMs <= endMs; next = this.#heap[0]) {
      this.#take();
      this.#nowMs = next.atMs;
      this.#done += 1;
      next.run();
      await settled();
      while (this.#held.size > 0) {
        await Promise.all(this.#held);
        await settled();
      }
    }
    this.#nowMs = endMs;
  }

  #take(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#down();
  }

  #up(from: number): void {
    for (let child = from; child > 0; ) {
      const parent = (child - 1) >> 1;
      if (!this.#swapIfLater(parent, child)) return;
      child = parent;
    }
  }

  #down(): void {
    for (let parent = 0; ; ) {
      const left = 2 * parent + 1;
      const child = this.#isLater(left, left + 1) ? left + 1 : left;
      if (!this.#swapIfLater(parent, child)) return;
      parent = child;
    }
  }

  #isLater(a: number, b: number): boolean {
    const [first, second] = [this.#heap[a], this.#heap[b]];
    if (first === undefined || second === undefined) return false;
    return first.atMs === second.atMs ? first.order > second.order : first.atMs > second.atMs;
  }

  #swapIfLater(a: number, b: number): boolean {
    const [first, second] = [this.#heap[a], this.#heap[b]];
    if (first === undefined || second === undefined || !this.#isLater(a, b)) return false;
    this.#heap[a] = second;
    this.#heap[b] = first;
    return true;
  }
}

/** Every promise that can settle has: nothing in the world waits for anything but the queue. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
