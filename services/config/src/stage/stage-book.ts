import type { PropertyScope } from "@holdfast/wire";
import { configError } from "../errors.ts";
import type { StageRecord, StageStep } from "./stage.ts";

const stepsMax = 10;
const endedKeptMax = 100;

/** A tenth, then half, then all. */
export const stepsDefault: readonly StageStep[] = [{ fraction: 0.1 }, { fraction: 0.5 }, { fraction: 1 }];

/** The trials that run, one a key at most, and the latest that ended. */
export class StageBook {
  readonly #all = new Map<string, StageRecord>();
  /** Key → the trial that runs. */
  readonly running = new Map<string, StageRecord>();

  constructor(records: Iterable<StageRecord>) {
    for (const record of records) this.put(record);
  }

  /** Newest first. */
  list(): StageRecord[] {
    return [...this.#all.values()].toReversed();
  }

  put(record: StageRecord): void {
    this.#all.set(record.id, record);
    if (record.state === "running") this.running.set(record.key, record);
    else if (this.running.get(record.key)?.id === record.id) this.running.delete(record.key);
    if (this.#all.size <= endedKeptMax) return;
    const oldest = [...this.#all.values()].find((known) => known.state !== "running");
    if (oldest !== undefined) this.#all.delete(oldest.id);
  }

  /** @throws PlatformError `STAGE_UNKNOWN` (404). */
  get(id: string): StageRecord {
    const found = this.#all.get(id);
    if (found !== undefined) return found;
    throw configError(
      "STAGE_UNKNOWN",
      `${id}: no such trial; the latest hundred are kept`,
      404,
      "holdfast config stage",
    );
  }

  /** @throws PlatformError `STAGE_RUNNING` (409) while the key is on trial. */
  checkFree(key: string): void {
    const running = this.running.get(key);
    if (running === undefined) return;
    throw configError(
      "STAGE_RUNNING",
      `${key}: is on trial (${running.id})`,
      409,
      `wait for its end, or holdfast config stage --revert ${running.id}`,
      { stage: running.id },
    );
  }
}

/**
 * Steps as they are run: the last one is all.
 *
 * @throws PlatformError `STAGE_INVALID` (400) for none, more than ten, shares out of (0, 1] or that do not grow.
 */
export function checkedSteps(steps: readonly StageStep[], scope: PropertyScope): StageStep[] {
  const refuse = (message: string): never => {
    throw configError("STAGE_INVALID", message, 400);
  };
  if (steps.length === 0 || steps.length > stepsMax) refuse(`a trial has from 1 to ${stepsMax} steps`);
  let last = 0;
  const checked: StageStep[] = [];
  for (const step of steps) {
    if ("zones" in step) {
      const zones = step.zones.map((zone) => zone.trim().toLowerCase()).filter((zone) => zone !== "");
      if (zones.length === 0) refuse("a step by zones names one at least");
      const own = scope.zone?.split(",");
      const outside = own === undefined ? undefined : zones.find((zone) => !own.includes(zone));
      if (outside !== undefined) refuse(`zone ${outside} is not of the value's scope (${scope.zone})`);
      checked.push({ zones });
      continue;
    }
    if (!(step.fraction > last && step.fraction <= 1)) refuse("the shares of a trial's steps grow, from above 0 to 1");
    last = step.fraction;
    checked.push(step);
  }
  if (last < 1) checked.push({ fraction: 1 });
  return checked;
}
