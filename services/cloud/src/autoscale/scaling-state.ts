import type { StoredLoad } from "./load-recorder.ts";
import type { ScalingPlan } from "./plan.ts";
import type { RaisedMax } from "./scaled-service.ts";

/** What of scaling survives a restart of control. */
export interface ScalingState {
  /** Plans that were set by hand, and what of the application file they stand over. */
  readonly set: readonly { readonly service: string; readonly plan: ScalingPlan; readonly over: ScalingPlan }[];
  /** Up to when scheduled actions have been done. */
  readonly scheduled: readonly { readonly service: string; readonly untilMs: number }[];
  /** Where a forecast went past a group's max. */
  readonly raised: readonly { readonly service: string; readonly max: RaisedMax }[];
  readonly loads: readonly StoredLoad[];
}

export const emptyScalingState: ScalingState = { set: [], scheduled: [], raised: [], loads: [] };

/** Reads what was kept; what cannot be read is as if it had never been. */
export function readScalingState(text: string | undefined): ScalingState {
  if (text === undefined || text === "") return emptyScalingState;
  try {
    return { ...emptyScalingState, ...(JSON.parse(text) as Partial<ScalingState>) };
  } catch {
    return emptyScalingState;
  }
}
