interface Loss {
  count: number;
  untilMs: number;
}

/** How many of each name ended lately: what falls silent at one moment expires within a heartbeat, not within one run. */
export class RecentLosses {
  readonly #losses = new Map<string, Loss>();

  of(name: string): number {
    return this.#losses.get(name)?.count ?? 0;
  }

  /** One more, remembered until then. */
  add(name: string, untilMs: number): void {
    const loss = this.#losses.get(name);
    if (loss === undefined) this.#losses.set(name, { count: 1, untilMs });
    else {
      loss.count += 1;
      loss.untilMs = Math.max(loss.untilMs, untilMs);
    }
  }

  /** Others of that name are in doubt still: what was lost before them counts for so long. */
  keep(name: string, untilMs: number): void {
    const loss = this.#losses.get(name);
    if (loss !== undefined) loss.untilMs = Math.max(loss.untilMs, untilMs);
  }

  forget(nowMs: number): void {
    for (const [name, { untilMs }] of this.#losses) if (nowMs > untilMs) this.#losses.delete(name);
  }
}
