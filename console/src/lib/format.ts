/** Shown where nothing was measured. */
export const nothing = "–";

/** An age: `now`, `12 s`, `3 min`, `5 h`, `2 d`. Clocks that disagree never give a negative one. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 1) return "now";
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** Requests a second: two digits that matter, no more. */
export function formatRate(perSecond: number | null): string {
  if (perSecond === null) return nothing;
  if (perSecond === 0) return "0";
  if (perSecond < 0.1) return "< 0.1";
  return perSecond < 10 ? perSecond.toFixed(1) : String(Math.round(perSecond));
}

/** A share of failures. Never rounds a real failure down to `0`. */
export function formatPercent(percent: number | null): string {
  if (percent === null) return nothing;
  if (percent === 0) return "0 %";
  if (percent < 0.01) return "< 0.01 %";
  return percent < 1 ? `${percent.toFixed(2)} %` : `${percent.toFixed(1)} %`;
}

export function formatMs(ms: number | null): string {
  if (ms === null) return nothing;
  if (ms < 1) return "< 1 ms";
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** How long a lease or a wait is: as {@link formatMs}, and from two minutes on as an age: the rest does not matter. */
export function formatLength(ms: number): string {
  return ms < 120_000 ? formatMs(ms) : formatAge(ms);
}

/** `14:03:07` in the reader's own time. */
export function formatTime(at: number | string): string {
  return new Date(at).toLocaleTimeString("en-GB");
}

/** `Saturday, 22 November` in the reader's own time. */
export function formatDay(at: string): string {
  return new Date(at).toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long" });
}

/** `1 instance`, `3 instances`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

/** The part of an instance id that tells it from its neighbours: `i-9f3a01c2` → `9f3a`. */
export function shortId(id: string): string {
  return id.startsWith("i-") ? id.slice(2, 6) : id.slice(0, 8);
}
