import type { ScalingActivity } from "./group-view.ts";

/** A change that has not come true after so long is taken as ended: its instances will not come, and the group goes on. */
const giveUpMs = 15 * 60_000;
/** Longer than any cooldown or warm-up looks back. */
const keptMs = 24 * 3_600_000;
const keptMax = 200;

/**
 * When the size of one group was last changed, and whether that has come true. Changes of the wanted size are seen by
 * looking, whoever made them: a policy, a schedule, an operator. Pure: told the time.
 */
export class ScalingHistory {
  #activities: ScalingActivity[] = [];
  #desired: number | undefined;

  /** Looks at the group: a new wanted size begins an activity, the right number in service ends what runs. */
  observe(desired: number, inService: number, nowMs: number): void {
    if (this.#desired !== undefined && this.#desired !== desired) this.#begin(this.#desired, desired, nowMs);
    this.#desired = desired;
    if (!this.#activities.some((activity) => activity.endedAtMs === undefined)) return;
    this.#activities = this.#activities.map((activity) => {
      if (activity.endedAtMs !== undefined) return activity;
      const { from, to, startedAtMs } = activity;
      const isDone = to > from ? inService >= Math.min(to, desired) : inService <= Math.max(to, desired);
      return isDone || nowMs - startedAtMs >= giveUpMs ? { ...activity, endedAtMs: nowMs } : activity;
    });
  }

  /** Oldest first. */
  get activities(): readonly ScalingActivity[] {
    return this.#activities;
  }

  #begin(from: number, to: number, nowMs: number): void {
    const young = this.#activities.filter((activity) => nowMs - activity.startedAtMs < keptMs);
    // What is under way in the other direction will not be completed any more.
    const turned = young.map((activity) => {
      const isTurned = activity.endedAtMs === undefined && activity.to > activity.from !== to > from;
      return isTurned ? { ...activity, endedAtMs: nowMs } : activity;
    });
    this.#activities = [...turned, { from, to, startedAtMs: nowMs, endedAtMs: undefined }].slice(-keptMax);
  }
}
