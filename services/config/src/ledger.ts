import { type Clock, type Log, messageOf, type Timer } from "@holdfast/kernel";
import type { Change } from "./change.ts";
import { configError } from "./errors.ts";
import type { ConfigStore, ConfigWrite } from "./store/config-store.ts";

export type ConfigHealth =
  | { readonly kind: "writable" }
  | { readonly kind: "read-only"; readonly reason: string; readonly sinceMs: number };

/** A change that is about to be: checked, not yet written. */
export interface Draft {
  readonly change: Omit<Change, "revision" | "atMs">;
  /** What is written beside it. */
  readonly beside?: (change: Change) => readonly ConfigWrite[];
  /** Takes it over into memory, once it is written. */
  readonly apply: (change: Change) => void;
}

const retryMs = 2_000;

/**
 * The one way in which anything changes: one after the other, written first, then believed. A change that must happen
 * whatever the disk says (a harmful value is taken back) is believed at once and written when the disk takes it.
 */
export class Ledger {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #store: ConfigStore;
  #revision: number;
  #queue: Promise<unknown> = Promise.resolve();
  #unwritten: ConfigWrite[] = [];
  #retry: Timer | undefined;
  #health: ConfigHealth = { kind: "writable" };
  #closed = false;

  constructor(clock: Clock, log: Log, store: ConfigStore, revision: number) {
    this.#clock = clock;
    this.#log = log;
    this.#store = store;
    this.#revision = revision;
  }

  get health(): ConfigHealth {
    return this.#health;
  }

  /**
   * Writes what `draft` says when its turn comes, and takes it over.
   *
   * @throws what `draft` throws; PlatformError `CONFIG_READ_ONLY` (503) when the disk does not take it: nothing was changed.
   */
  commit(draft: () => Draft): Promise<Change> {
    return this.#inTurn(async () => {
      const { change, writes, apply } = this.#prepare(draft());
      try {
        await this.#write(writes);
      } catch (error) {
        throw configError(
          "CONFIG_READ_ONLY",
          `the configuration is read-only: ${messageOf(error)}`,
          503,
          "free space on the disk of the state directory (or make it writable); control recovers by itself",
        );
      }
      this.#revision = change.revision;
      apply(change);
      return change;
    });
  }

  /** As {@link commit}, but believed even when the disk does not take it yet. `undefined`: `draft` saw nothing to do. */
  insist(draft: () => Draft | undefined): Promise<Change | undefined> {
    return this.#inTurn(async () => {
      const drafted = draft();
      if (drafted === undefined) return undefined;
      const { change, writes, apply } = this.#prepare(drafted);
      this.#revision = change.revision;
      apply(change);
      try {
        await this.#write(writes);
      } catch {
        this.#unwritten.push(...writes);
        this.#tryAgainLater();
      }
      return change;
    });
  }

  /** Writes what is no change of its own (a key's rotation). @throws what the disk says. */
  write(writes: () => readonly ConfigWrite[]): Promise<void> {
    return this.#inTurn(() => this.#write(writes()));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#retry?.cancel();
    await this.#queue;
    await this.#store.close();
  }

  #prepare({ change, beside, apply }: Draft): { change: Change; writes: ConfigWrite[]; apply: Draft["apply"] } {
    const numbered: Change = { revision: this.#revision + 1, atMs: this.#clock.wallMs(), ...change };
    return { change: numbered, writes: [{ kind: "change", change: numbered }, ...(beside?.(numbered) ?? [])], apply };
  }

  async #write(writes: readonly ConfigWrite[]): Promise<void> {
    try {
      // What was believed before comes first, or its revision would be missing.
      await this.#store.write([...this.#unwritten, ...writes]);
    } catch (error) {
      const reason = messageOf(error);
      if (this.#health.kind === "writable") this.#log.error("config.read-only", { reason });
      const sinceMs = this.#health.kind === "writable" ? this.#clock.wallMs() : this.#health.sinceMs;
      this.#health = { kind: "read-only", reason, sinceMs };
      throw error;
    }
    this.#unwritten = [];
    if (this.#health.kind === "writable") return;
    this.#health = { kind: "writable" };
    this.#log.info("config.writable");
  }

  #tryAgainLater(): void {
    if (this.#closed) return;
    this.#retry?.cancel();
    this.#retry = this.#clock.after(retryMs, () => {
      void this.#inTurn(() => (this.#unwritten.length === 0 ? Promise.resolve() : this.#write([]))).catch(() =>
        this.#tryAgainLater(),
      );
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(work);
    this.#queue = turn.catch(() => {});
    return turn;
  }
}
