import { OptionError, parseDurationMs } from "@holdfast/kernel";

/**
 * What `--at` means: an ISO 8601 time and a registry's cursor stay what they are; `10m` is ten minutes ago.
 *
 * @throws OptionError for anything else.
 */
export function readMoment(text: string | undefined, nowMs: number): string | undefined {
  if (text === undefined) return undefined;
  if (/^[^:\s]+:\d+:\d+$/.test(text)) return text;
  const agoMs = parseDurationMs(text);
  if (agoMs !== undefined) return new Date(nowMs - agoMs).toISOString();
  const atMs = Date.parse(text);
  if (Number.isNaN(atMs)) throw new OptionError("--at", "a time ago (10m), an ISO 8601 time or a cursor", text);
  return new Date(atMs).toISOString();
}

/** The time of day, as people read it beside what happened then. */
export function formatTime(iso: string): string {
  const date = new Date(iso);
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** `850 ms`, `6.2 s`, `3 min`. */
export function formatSpan(ms: number): string {
  const size = Math.abs(ms);
  if (size < 1_000) return `${Math.round(ms)} ms`;
  if (size < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  return `${Math.round(ms / 60_000)} min`;
}
