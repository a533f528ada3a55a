import { formatDay, formatTime } from "./format.ts";

/** Moments to look back to: an ISO 8601 time, or a registry's cursor (`peer:epoch:sequence`). */

const cursor = /^[^:\s]+:\d+:\d+$/;

/** Wall ms of a moment; undefined for a cursor and for what is no moment at all. */
function wallMsOf(at: string): number | undefined {
  const ms = Date.parse(at);
  return cursor.test(at) || Number.isNaN(ms) ? undefined : ms;
}

/** A time of today as a time, of another day with the day; a cursor as it is. */
export function momentText(at: string, nowMs: number): string {
  const ms = wallMsOf(at);
  if (ms === undefined) return at;
  const isToday = new Date(ms).toDateString() === new Date(nowMs).toDateString();
  return isToday ? formatTime(ms) : `${formatDay(at)}, ${formatTime(ms)}`;
}

/** What a `datetime-local` field shows for a moment: the reader's own time to the second; undefined for a cursor. */
export function fieldTextOf(at: string): string | undefined {
  const ms = wallMsOf(at);
  if (ms === undefined) return undefined;
  const shifted = ms - new Date(ms).getTimezoneOffset() * 60_000;
  return new Date(shifted).toISOString().slice(0, 19);
}

/** The moment that a `datetime-local` field's text means; undefined while it is incomplete, and for the future. */
export function momentOf(fieldText: string, nowMs: number): string | undefined {
  const ms = Date.parse(fieldText);
  return Number.isNaN(ms) || ms > nowMs ? undefined : new Date(ms).toISOString();
}
