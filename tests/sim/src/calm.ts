/** Whether anything is wrong with the world at present, and since when nothing is. */
export class Calm {
  readonly #nowMs: () => number;
  readonly #going = new Set<string>();
  #sinceMs = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** What is wrong now. */
  get troubles(): ReadonlySet<string> {
    return this.#going;
  }

  /** For how long nothing has been wrong; 0 while something is. */
  get forMs(): number {
    return this.#going.size > 0 ? 0 : this.#nowMs() - this.#sinceMs;
  }

  /** Something goes wrong; returns the way to say that it is over. */
  disturb(what: string): () => void {
    const trouble = `${what} #${this.#nowMs()}`;
    this.#going.add(trouble);
    return () => {
      this.#going.delete(trouble);
      this.shock();
    };
  }

  /** Something went wrong just now. */
  shock(): void {
    this.#sinceMs = this.#nowMs();
  }
}
