import type { Clock } from "@holdfast/kernel";
import type { OperationView } from "@holdfast/wire/control";

/** Ended operations are kept so many deep, for whoever still asks. */
const keptMax = 100;

interface Tracked {
  view: OperationView;
  readonly activity: number | undefined;
}

/** What somebody asked for and waits for: a restart, a change of scale, a deployment. */
export class Operations {
  readonly #clock: Clock;
  readonly #tracked = new Map<string, Tracked>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  begin(id: string, kind: OperationView["kind"], service: string, total: number, activity?: number): OperationView {
    const startedAt = new Date(this.#clock.wallMs()).toISOString();
    const view: OperationView = {
      id,
      kind,
      service,
      state: "running",
      detail: "",
      done: 0,
      total,
      startedAt,
      endedAt: null,
    };
    this.#tracked.set(id, { view, activity });
    for (const [key, tracked] of this.#tracked) {
      if (this.#tracked.size <= keptMax) break;
      if (tracked.view.state !== "running") this.#tracked.delete(key);
    }
    return view;
  }

  get(id: string): OperationView | undefined {
    return this.#tracked.get(id)?.view;
  }

  isRunning(service: string): boolean {
    for (const { view } of this.#tracked.values())
      if (view.service === service && view.state === "running") return true;
    return false;
  }

  running(service: string): OperationView[] {
    return [...this.#tracked.values()]
      .map((tracked) => tracked.view)
      .filter((view) => view.service === service && view.state === "running");
  }

  progress(id: string, done: number, total: number, detail: string): void {
    const tracked = this.#tracked.get(id);
    if (tracked?.view.state === "running") tracked.view = { ...tracked.view, done, total, detail };
  }

  /** Ends it and returns the activity that goes with it, to be ended likewise. */
  end(id: string, state: "succeeded" | "failed", detail: string): number | undefined {
    const tracked = this.#tracked.get(id);
    if (tracked?.view.state !== "running") return undefined;
    const endedAt = new Date(this.#clock.wallMs()).toISOString();
    const done = state === "succeeded" ? tracked.view.total : tracked.view.done;
    tracked.view = { ...tracked.view, state, detail, done, endedAt };
    return tracked.activity;
  }
}
