import type { ControlEvent } from "@holdfast/wire/control";
import { ControlPaths, controlTopics } from "@holdfast/wire/control/paths";
import type { QueryClient } from "@tanstack/react-query";
import { isQuiet, type LiveInput, type LiveState, nextLiveState, reconnectDelayMs } from "./live-state.ts";
import { mergeActivities } from "./merge.ts";
import { activitiesResource, instancesResource, statusResource } from "./resources.ts";

/** A page in the background lets its connection go after this, in ms: browsers allow six for a host in all tabs. */
const restAfterMs = 60_000;
const lookEveryMs = 5_000;

/**
 * Feeds the query cache from the one event stream, for as long as the page is open.
 * While the stream is down the queries poll; {@link LiveFeed.state} says so to the page.
 */
export class LiveFeed {
  readonly #queries: QueryClient;
  readonly #listeners = new Set<() => void>();
  #state: LiveState = { kind: "connecting" };
  #source: EventSource | undefined;
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #rest: ReturnType<typeof setTimeout> | undefined;

  constructor(queries: QueryClient) {
    this.#queries = queries;
  }

  start(): void {
    this.#connect();
    setInterval(() => void this.#look(), lookEveryMs);
    document.addEventListener("visibilitychange", () => this.#onVisibility());
    addEventListener("pagehide", () => this.#source?.close());
  }

  readonly state = (): LiveState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /** Tries now instead of at the end of the wait. */
  readonly retryNow = (): void => {
    this.#failures = 0;
    this.#connect();
  };

  #connect(): void {
    clearTimeout(this.#retry);
    this.#source?.close();
    const source = new EventSource(`${ControlPaths.events}?topics=${controlTopics.join(",")}`);
    this.#source = source;
    source.addEventListener("open", () => this.#onOpen());
    source.addEventListener("error", () => this.#onLost());
    for (const topic of controlTopics) {
      source.addEventListener(topic, (message) => {
        this.#apply({ topic, data: JSON.parse(message.data) } as ControlEvent);
        this.#step("heard");
      });
    }
  }

  #apply(event: ControlEvent): void {
    switch (event.topic) {
      case "status":
        return void this.#queries.setQueryData(statusResource.queryKey, event.data);
      case "instances":
        return void this.#queries.setQueryData(instancesResource.queryKey, event.data);
      case "activities":
        return void this.#queries.setQueryData(activitiesResource.queryKey, (known) =>
          mergeActivities(known, event.data),
        );
    }
  }

  #onOpen(): void {
    this.#failures = 0;
    const wasDown = this.#state.kind === "reconnecting";
    this.#step("opened");
    // The stream begins with the present state of its topics; the rest is as old as the outage.
    if (wasDown) void this.#queries.invalidateQueries();
  }

  /** The browser's own retry has no back-off and ends for good at an answer such as 401 or 503: ours replaces it. */
  #onLost(): void {
    this.#source?.close();
    this.#source = undefined;
    if (this.#state.kind === "resting") return;
    this.#failures += 1;
    this.#step("lost");
    void this.#queries.invalidateQueries({ queryKey: statusResource.queryKey });
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#connect(), reconnectDelayMs(this.#failures));
  }

  /** A stopped process keeps its sockets open and says nothing, so a quiet stream is checked by asking. */
  async #look(): Promise<void> {
    if (!isQuiet(this.#state, Date.now()) || document.hidden) return;
    try {
      await this.#queries.fetchQuery({ ...statusResource, staleTime: 0, retry: false });
      if (this.#state.kind === "live") this.#step("heard");
    } catch {
      if (this.#state.kind === "live") this.#onLost();
    }
  }

  #onVisibility(): void {
    clearTimeout(this.#rest);
    if (document.hidden) {
      this.#rest = setTimeout(() => {
        this.#step("hidden");
        if (this.#state.kind === "resting") this.#source?.close();
      }, restAfterMs);
    } else if (this.#state.kind === "resting") {
      this.#step("shown");
      this.#connect();
    }
  }

  #step(input: LiveInput): void {
    const before = this.#state;
    this.#state = nextLiveState(before, input, Date.now());
    // Each message moves `heardAtMs`; only a change of kind is worth a render.
    if (before.kind !== this.#state.kind) for (const listener of this.#listeners) listener();
  }
}
