/** The ways in which a call hears and tells of an early end; few calls have any of it. */
export class Abort {
  #controller: AbortController | undefined;
  #reason: unknown;
  #outer: AbortSignal | undefined;
  #onOuter: (() => void) | undefined;

  /** Made when it is first read, for `run` alone. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Why the caller gave the call up. */
  get outerReason(): unknown {
    return this.#outer?.reason;
  }

  now(reason: unknown): void {
    this.#reason = reason;
    this.#controller?.abort(reason);
  }

  /** Calls `onOuter` when the caller's signal is aborted, or at once when it is. */
  follow(outer: AbortSignal, onOuter: () => void): void {
    this.#outer = outer;
    if (outer.aborted) return onOuter();
    this.#onOuter = onOuter;
    outer.addEventListener("abort", onOuter, { once: true });
  }

  /** Hears no more of the caller's signal, which may live much longer than the call. */
  leave(): void {
    if (this.#onOuter !== undefined) this.#outer?.removeEventListener("abort", this.#onOuter);
  }
}
