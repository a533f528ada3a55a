import { backoffMs, type Clock, type Log, messageOf } from "@holdfast/kernel";
import type { DockerApi } from "./docker/docker-api.ts";

/** An engine that was restarted is there again soon; one that is gone is asked every ten seconds. */
const reconnect = { initialMs: 100, maxMs: 10_000, factor: 2 } as const;

/** A stream says nothing for hours, and an engine that hangs neither: it is asked so often whether it lives (one answer: 1 ms). */
const pingMs = 5_000;

export interface EventWatchListener {
  /** It listens from here on; what happened before must be asked for. Awaited before events are handed on. */
  onConnected(): Promise<void>;
  /** A container has ended, by the engine's word. */
  onEnd(name: string): void;
}

/** Listens to what the engine says about our containers for as long as it is open, and says when it cannot. */
export class EventWatch {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #api: DockerApi;
  readonly #labels: Readonly<Record<string, string>>;
  readonly #listener: EventWatchListener;
  readonly #stop = new AbortController();
  #problem = "the container engine has not answered yet";

  constructor(
    clock: Clock,
    log: Log,
    api: DockerApi,
    labels: Readonly<Record<string, string>>,
    listener: EventWatchListener,
  ) {
    this.#clock = clock;
    this.#log = log;
    this.#api = api;
    this.#labels = labels;
    this.#listener = listener;
  }

  /** Why nothing is heard at the moment; empty when it listens. */
  get problem(): string {
    return this.#problem;
  }

  start(): void {
    void this.#run();
  }

  stop(): void {
    this.#stop.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let failures = 0;
    while (!signal.aborted) {
      const heard = await this.#listen(signal);
      failures = heard ? 1 : failures + 1;
      await this.#clock.sleep(backoffMs(failures, reconnect), signal).catch(() => {});
    }
  }

  /** Resolves when the stream is over; true when it was open. */
  async #listen(signal: AbortSignal): Promise<boolean> {
    const opened = { done: false };
    const ending = new AbortController();
    const end = (): void => ending.abort(signal.reason);
    signal.addEventListener("abort", end, { once: true });
    try {
      await this.#api.events(
        this.#labels,
        () => {
          opened.done = true;
          this.#connected();
          void this.#askWhetherItLives(ending);
        },
        ({ Type, Action, Actor }) => {
          const name = Actor.Attributes?.["name"];
          if (Type === "container" && Action === "die" && name !== undefined) this.#listener.onEnd(name);
        },
        ending.signal,
      );
      this.#lost("it has closed its stream of events");
    } catch (error) {
      this.#lost(messageOf(error));
    } finally {
      signal.removeEventListener("abort", end);
      ending.abort();
    }
    return opened.done;
  }

  /** Ends the listening when the engine answers no more, though its connections stand. */
  async #askWhetherItLives(listening: AbortController): Promise<void> {
    const { signal } = listening;
    try {
      while (!signal.aborted) {
        await this.#clock.sleep(pingMs, signal);
        await this.#api.ping();
      }
    } catch (error) {
      listening.abort(error);
    }
  }

  #connected(): void {
    if (this.#problem !== "") this.#log.info("container.engine.answers", {});
    this.#problem = "";
    this.#listener.onConnected().catch((error: unknown) => {
      this.#log.warn("container.engine.not-listed", { reason: messageOf(error) });
    });
  }

  #lost(reason: string): void {
    if (this.#stop.signal.aborted) return;
    if (this.#problem === "") this.#log.warn("container.engine.lost", { reason });
    this.#problem = reason;
  }
}
