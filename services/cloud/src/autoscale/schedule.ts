import { PlatformError } from "@holdfast/kernel";
import type { ScheduledAction } from "@holdfast/wire/autoscale";
import { Cron } from "croner";
import { type SizeBounds, within } from "./adjustment.ts";

/** One action whose time has come. */
export interface DueAction {
  readonly action: ScheduledAction;
  /** Wall ms at which it was to be done. */
  readonly atMs: number;
}

export interface GroupSize extends SizeBounds {
  readonly desired: number;
}

export interface ScheduledChange {
  readonly size: GroupSize;
  /** One sentence; names every action that was done, and those that could not be. */
  readonly cause: string;
  /** Actions that could not be done, with why. */
  readonly refused: readonly { readonly action: string; readonly reason: string }[];
}

/**
 * Refuses a recurrence that cannot be read, or that never comes (31 February).
 *
 * @throws PlatformError `SCHEDULE_INVALID` (400).
 */
export function checkAction(action: ScheduledAction): void {
  if (action.recurrence === undefined) return;
  let next: Date | null;
  try {
    next = cronOf(action, action.recurrence).nextRun(new Date(0));
  } catch (error) {
    refuse(action, error instanceof Error ? error.message.replace(/^Cron\w+: /, "") : String(error));
  }
  if (next === null) refuse(action, "there is no such day: it would never be done");
}

/**
 * The latest time in (`afterMs`, `nowMs`] at which the action was to be done, or `undefined`. However many times were missed
 * meanwhile (control was down, the machine asleep), it is done once.
 *
 * Summer time: a time that is skipped in spring comes at the first moment after the gap; one that is there twice in
 * autumn comes once, the first time.
 */
export function latestDue(action: ScheduledAction, afterMs: number, nowMs: number): number | undefined {
  const startMs = action.startTime === undefined ? undefined : Date.parse(action.startTime);
  const endMs = action.endTime === undefined ? Number.POSITIVE_INFINITY : Date.parse(action.endTime);
  const untilMs = Math.min(nowMs, endMs);
  let dueMs = startMs;
  if (action.recurrence !== undefined) {
    // Croner leaves out the moment itself, and counts in seconds.
    const beforeMs = Math.floor(untilMs / 1_000) * 1_000 + 1_000;
    dueMs = cronOf(action, action.recurrence).previousRuns(1, new Date(beforeMs))[0]?.getTime();
    if (dueMs !== undefined && dueMs < (startMs ?? dueMs)) return undefined;
  }
  return dueMs !== undefined && dueMs > afterMs && dueMs <= untilMs ? dueMs : undefined;
}

/** When the action will be done next after `nowMs`; `undefined`: never again. */
export function nextDue(action: ScheduledAction, nowMs: number): number | undefined {
  const startMs = action.startTime === undefined ? Number.NEGATIVE_INFINITY : Date.parse(action.startTime);
  const endMs = action.endTime === undefined ? Number.POSITIVE_INFINITY : Date.parse(action.endTime);
  if (action.recurrence === undefined) return startMs > nowMs && startMs <= endMs ? startMs : undefined;
  const fromMs = Math.max(nowMs, startMs - 1_000);
  const dueMs = cronOf(action, action.recurrence).nextRun(new Date(fromMs))?.getTime();
  return dueMs !== undefined && dueMs <= endMs ? dueMs : undefined;
}

/** All actions that came due in (`afterMs`, `nowMs`], each once, in the order of their times. */
export function dueActions(actions: readonly ScheduledAction[], afterMs: number, nowMs: number): DueAction[] {
  const due: DueAction[] = [];
  for (const action of actions) {
    const atMs = latestDue(action, afterMs, nowMs);
    if (atMs !== undefined) due.push({ action, atMs });
  }
  return due.toSorted((a, b) => a.atMs - b.atMs);
}

/** The actions of one group, asked often: what is not due costs one comparison. */
export class Schedule {
  readonly actions: readonly ScheduledAction[];
  #doneUntilMs: number;
  #nextMs: number | undefined;

  /** What came due up to `doneUntilMs` was done, or was before the actions were there. */
  constructor(actions: readonly ScheduledAction[], doneUntilMs: number) {
    this.actions = actions;
    this.#doneUntilMs = doneUntilMs;
  }

  /** Up to where everything was handed out; to be kept over a restart. Never goes back, whatever the clock does. */
  get doneUntilMs(): number {
    return this.#doneUntilMs;
  }

  /** What has come due since it was asked last, each action at most once, in the order of their times. */
  due(nowMs: number): DueAction[] {
    this.#nextMs ??= this.#next();
    if (nowMs < this.#nextMs) return [];
    const due = dueActions(this.actions, this.#doneUntilMs, nowMs);
    this.#doneUntilMs = nowMs;
    this.#nextMs = undefined;
    return due;
  }

  #next(): number {
    const times = this.actions.map((action) => nextDue(action, this.#doneUntilMs) ?? Number.POSITIVE_INFINITY);
    return Math.min(Number.POSITIVE_INFINITY, ...times);
  }
}

/**
 * The size of a group after these actions, one after the other: what an action leaves out stays as it is, and the desired
 * size is brought within the new bounds. One whose bounds would contradict those it leaves alone is refused, as by AWS.
 */
export function applyActions(size: GroupSize, due: readonly DueAction[]): ScheduledChange {
  let now = size;
  const done: string[] = [];
  const refused: { action: string; reason: string }[] = [];
  for (const { action, atMs } of due) {
    const min = action.min ?? now.min;
    const max = action.max ?? now.max;
    if (min > max) {
      refused.push({ action: action.name, reason: `min ${min} would be above max ${max}` });
      continue;
    }
    now = { min, max, desired: within({ min, max }, action.desired ?? now.desired) };
    done.push(`scheduled action ${action.name} of ${new Date(atMs).toISOString()}: ${words(action)}`);
  }
  const failures = refused.map(({ action, reason }) => `scheduled action ${action} was not done: ${reason}`);
  return { size: now, cause: [...done, ...failures].join("; then "), refused };
}

/** Reading a recurrence costs more than asking it. */
const crons = new WeakMap<ScheduledAction, Cron>();

/** Without a callback a Cron is a calendar: it starts no timer. */
function cronOf(action: ScheduledAction, recurrence: string): Cron {
  const known = crons.get(action);
  if (known !== undefined) return known;
  const made = new Cron(recurrence, { timezone: action.timeZone, mode: "5-part", paused: true });
  crons.set(action, made);
  return made;
}

function words({ min, max, desired }: ScheduledAction): string {
  const parts = Object.entries({ min, max, desired }).filter(([, value]) => value !== undefined);
  return parts.map(([name, value]) => `${name} ${value}`).join(", ");
}

function refuse(action: ScheduledAction, reason: string): never {
  throw new PlatformError(
    "SCHEDULE_INVALID",
    `${action.name}: recurrence \`${action.recurrence}\` cannot be used: ${reason}`,
    {
      status: 400,
      details: { action: action.name, recurrence: action.recurrence },
      next: "write five cron fields: minute hour day month weekday, such as `0 8 * * 1-5`",
    },
  );
}
