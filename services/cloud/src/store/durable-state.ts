import { type Clock, type Log, messageOf, type Timer } from "@holdfast/kernel";
import type { ActivityView } from "@holdfast/wire/control";
import { StateReadOnlyError } from "../errors.ts";
import type { StateStore, StoreOpening, StoreWrite } from "./state-store.ts";

export type StateHealth =
  | { readonly kind: "writable" }
  | { readonly kind: "read-only"; readonly reason: string; readonly sinceMs: number };

/** What is still to be written while the disk refuses; older notes give way to newer ones. */
const bufferedMax = 1_000;
const probeEveryMs = 2_000;

/**
 * A store that survives its disk.
 *
 * Two ways in: `commit` for what somebody asked for (fails at once while the disk refuses, so that nobody is told "done"
 * for something a restart forgets), and `note` for what happened anyway (kept in memory, at most 1,000 changes, and
 * written when the disk takes them). While read-only the disk is tried again each two seconds.
 */
export class DurableState {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #store: StateStore;
  #health: StateHealth = { kind: "writable" };
  #buffer: StoreWrite[] = [];
  #flushing: Promise<void> | undefined;
  #probe: Timer | undefined;
  #closed = false;
  /** Called when {@link health} changes. */
  onChange: () => void = () => {};

  constructor(clock: Clock, log: Log, store: StateStore) {
    this.#clock = clock;
    this.#log = log;
    this.#store = store;
  }

  get health(): StateHealth {
    return this.#health;
  }

  open(activitiesMax: number): Promise<StoreOpening> {
    return this.#store.open(activitiesMax);
  }

  /**
   * Writes, or changes nothing.
   *
   * @throws {@link StateReadOnlyError} when the disk does not take it.
   */
  async commit(changes: readonly StoreWrite[]): Promise<void> {
    if (this.#health.kind === "read-only") throw new StateReadOnlyError(this.#health.reason);
    try {
      await this.#store.write(changes);
    } catch (error) {
      this.#refused(error);
      throw new StateReadOnlyError(messageOf(error), error);
    }
  }

  /** Writes soon; never throws and never waits. */
  note(...changes: StoreWrite[]): void {
    this.#buffer.push(...changes);
    if (this.#buffer.length > bufferedMax) this.#buffer.splice(0, this.#buffer.length - bufferedMax);
    if (this.#health.kind === "writable") void this.#flush();
  }

  /** Resolves when all notes so far are written or the disk has refused them. */
  async settled(): Promise<void> {
    await this.#flushing;
  }

  activities(limit: number, before?: number): Promise<ActivityView[]> {
    return this.#store.activities(limit, before);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#probe?.cancel();
    await this.#flushing;
    await this.#store.close();
  }

  #flush(): Promise<void> {
    // What arrives while a write is under way goes into the next one: bursts become few transactions.
    this.#flushing ??= this.#flushAll().finally(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  async #flushAll(): Promise<void> {
    // One turn of the loop, so that the notes of one decision share a transaction.
    await Promise.resolve();
    while (this.#buffer.length > 0) {
      const batch = this.#buffer;
      this.#buffer = [];
      try {
        await this.#store.write(batch);
      } catch (error) {
        this.#buffer = [...batch, ...this.#buffer].slice(-bufferedMax);
        this.#refused(error);
        return;
      }
    }
  }

  #refused(error: unknown): void {
    const reason = messageOf(error);
    if (this.#health.kind === "writable") {
      this.#health = { kind: "read-only", reason, sinceMs: this.#clock.wallMs() };
      this.#log.error("state.read-only", { reason });
      this.onChange();
    }
    if (this.#closed) return;
    this.#probe?.cancel();
    this.#probe = this.#clock.after(probeEveryMs, () => void this.#tryAgain());
  }

  async #tryAgain(): Promise<void> {
    if (this.#closed) return;
    try {
      // About what a real change needs, so that the last free page does not look like a recovery.
      const padding = "x".repeat(8_192);
      await this.#store.write([{ kind: "meta", key: "probe", value: `${this.#clock.wallMs()} ${padding}` }]);
      await this.#store.write([{ kind: "meta", key: "probe", value: "" }]);
    } catch (error) {
      this.#refused(error);
      return;
    }
    const batch = this.#buffer;
    this.#buffer = [];
    try {
      if (batch.length > 0) await this.#store.write(batch);
    } catch (error) {
      this.#buffer = [...batch, ...this.#buffer].slice(-bufferedMax);
      this.#refused(error);
      return;
    }
    this.#health = { kind: "writable" };
    this.#log.info("state.writable", { written: batch.length });
    this.onChange();
    if (this.#buffer.length > 0) void this.#flush();
  }
}
