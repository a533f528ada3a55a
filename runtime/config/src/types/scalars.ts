import { parseDurationMs } from "@holdfast/kernel";
import type { ValueType } from "./value-type.ts";

export const text: ValueType<string> = { expected: "a text", decode: (value) => String(value) };

export const number: ValueType<number> = {
  expected: "a number",
  decode: (value) => {
    if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
    if (typeof value !== "string" || value.trim() === "") return undefined;
    const read = Number(value);
    return Number.isFinite(read) ? read : undefined;
  },
};

export const flag: ValueType<boolean> = {
  expected: "true or false",
  decode: (value) => {
    if (typeof value === "boolean") return value;
    const word = String(value).trim().toLowerCase();
    return word === "true" ? true : word === "false" ? false : undefined;
  },
};

/** In ms: `250ms`, `5s`, `2m`, `1h`, a bare number of ms, or ISO 8601 (`PT5S`), as Archaius reads. */
export const duration: ValueType<number> = {
  expected: "a duration such as 250ms, 5s or PT5S",
  decode: (value) =>
    typeof value === "boolean" ? undefined : (parseDurationMs(value) ?? isoDurationMs(String(value))),
};

function isoDurationMs(written: string): number | undefined {
  const match = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/i.exec(written.trim());
  if (match === null || /^P$|T$/i.test(written.trim())) return undefined;
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((part) => Number(part ?? 0));
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000;
}

const byteUnits: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 1_000,
  kb: 1_000,
  m: 1e6,
  mb: 1e6,
  g: 1e9,
  gb: 1e9,
  kib: 1_024,
  mib: 1_024 ** 2,
  gib: 1_024 ** 3,
};

/** In bytes: `64KiB`, `10MB`, a bare number. */
export const bytes: ValueType<number> = {
  expected: "a size such as 64KiB or 10MB",
  decode: (value) => {
    const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(String(value).trim());
    const unit = byteUnits[(match?.[2] ?? "?").toLowerCase()];
    return match === null || unit === undefined ? undefined : Math.round(Number(match[1]) * unit);
  },
};

/** ISO 8601, or ms since 1970. */
export const date: ValueType<Date> = {
  expected: "a date such as 2026-11-23T10:00:00Z",
  decode: (value) => {
    if (typeof value === "boolean") return undefined;
    const written = String(value).trim();
    if (!/^\d{4}-\d{2}-\d{2}|^-?\d+$/.test(written)) return undefined;
    const read = new Date(/^-?\d+$/.test(written) ? Number(written) : written);
    return Number.isNaN(read.getTime()) ? undefined : read;
  },
  same: (a, b) => a.getTime() === b.getTime(),
};

/** One of these words. */
export function oneOf<const W extends string>(...words: readonly W[]): ValueType<W> {
  return {
    expected: `one of ${words.join(", ")}`,
    decode: (value) => words.find((word) => word === String(value)),
  };
}
