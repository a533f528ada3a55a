import type { Clock, InstanceId } from "@holdfast/kernel";
import type { ActivityView } from "@holdfast/wire/control";

/** So many are kept in memory for lists and live views; older ones are read from the store. */
export const recentActivitiesMax = 500;

export type ActivityKind = ActivityView["kind"];
export type ActivityOutcome = ActivityView["outcome"];

export interface NewActivity {
  readonly kind: ActivityKind;
  readonly service: string;
  /** Name of the server group, where it concerns one. */
  readonly group?: string;
  readonly zone?: string;
  readonly instance?: InstanceId;
  readonly actor: string;
  readonly cause: string;
  /** Set for what has ended with its beginning. */
  readonly outcome?: ActivityOutcome;
  readonly detail?: string;
}

/** The diary: everything that was done, by whom, why, and how it ended. */
export class Activities {
  readonly #clock: Clock;
  readonly #save: (activity: ActivityView) => void;
  readonly #recent: ActivityView[] = [];
  readonly #running = new Map<number, ActivityView>();
  #nextId = 1;

  /** `save` is called with each new activity and each change of one. */
  constructor(clock: Clock, save: (activity: ActivityView) => void) {
    this.#clock = clock;
    this.#save = save;
  }

  /** Takes over what a former life of control wrote, oldest first; what was running then has nobody to end it. */
  restore(activities: readonly ActivityView[]): void {
    for (const activity of activities.slice(-recentActivitiesMax)) {
      this.#recent.push(activity);
      this.#nextId = Math.max(this.#nextId, activity.id + 1);
      if (activity.outcome === "running") this.#running.set(activity.id, activity);
    }
  }

  /** Newest first. */
  recent(limit = recentActivitiesMax): ActivityView[] {
    return this.#recent.slice(-limit).toReversed();
  }

  /** The oldest id still in memory. */
  get oldestRecentId(): number {
    return this.#recent[0]?.id ?? this.#nextId;
  }

  begin(activity: NewActivity): number {
    const at = new Date(this.#clock.wallMs()).toISOString();
    const outcome = activity.outcome ?? "running";
    const view: ActivityView = {
      id: this.#nextId++,
      at,
      endedAt: outcome === "running" ? null : at,
      kind: activity.kind,
      service: activity.service,
      ...(activity.group === undefined ? {} : { group: activity.group }),
      zone: activity.zone ?? null,
      instance: activity.instance ?? null,
      actor: activity.actor,
      cause: activity.cause,
      outcome,
      detail: activity.detail ?? "",
    };
    this.#recent.push(view);
    if (this.#recent.length > recentActivitiesMax) this.#recent.shift();
    if (outcome === "running") this.#running.set(view.id, view);
    this.#save(view);
    return view.id;
  }

  /** Ends one; those that have ended already stay as they are. */
  end(id: number, outcome: Exclude<ActivityOutcome, "running">, detail = ""): void {
    const view = this.#running.get(id);
    if (view === undefined) return;
    this.#running.delete(id);
    const ended: ActivityView = { ...view, outcome, detail, endedAt: new Date(this.#clock.wallMs()).toISOString() };
    const index = this.#recent.findIndex((activity) => activity.id === id);
    if (index >= 0) this.#recent[index] = ended;
    this.#save(ended);
  }

  /** Those that have not ended and pass `test`. */
  running(test: (activity: ActivityView) => boolean): ActivityView[] {
    return [...this.#running.values()].filter(test);
  }
}
