import { OptionError } from "./errors.ts";

/** Returns `value` if it is a number within [min, max]; otherwise refuses it by name. */
export function numberBetween(path: string, value: number, min: number, max: number): number {
  if (!Number.isFinite(value) || value < min || value > max) {
    throw new OptionError(path, `a number from ${min} to ${max}`, value);
  }
  return value;
}

/** Returns `value` if it is a whole number within [min, max]; otherwise refuses it by name. */
export function wholeBetween(path: string, value: number, min: number, max: number): number {
  if (!Number.isInteger(value)) throw new OptionError(path, `a whole number from ${min} to ${max}`, value);
  return numberBetween(path, value, min, max);
}

/** `defaults` overlaid with the defined fields of `given`. */
export function withDefaults<T extends object>(defaults: T, given: Partial<T> | undefined): T {
  const merged = { ...defaults };
  if (given === undefined) return merged;
  for (const key of Object.keys(given) as (keyof T)[]) {
    const value = given[key];
    if (value !== undefined) merged[key] = value as T[keyof T];
  }
  return merged;
}

/**
 * Reads `256MiB`, `1.5GiB`, `64KiB`, the decimal `500MB` and `2GB`, or a bare number of bytes; whole bytes, `undefined` when it
 * is none of these. `M` and `G` alone mean what Docker means by them: powers of 1024.
 */
export function parseBytes(text: string | number): number | undefined {
  if (typeof text === "number") return Number.isSafeInteger(text) && text >= 0 ? text : undefined;
  const match = /^(\d+(?:\.\d+)?)\s*(?:([KMGT])(i?B?)|B)?$/i.exec(text.trim());
  if (match === null) return undefined;
  const power = match[2] === undefined ? 0 : "KMGT".indexOf(match[2].toUpperCase()) + 1;
  const base = match[3]?.toUpperCase() === "B" ? 1_000 : 1_024;
  const bytes = Math.round(Number(match[1]) * base ** power);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Reads `250ms`, `2s`, `5m`, `1h` or a bare number of milliseconds; `undefined` when it is none of these. */
export function parseDurationMs(text: string | number): number | undefined {
  if (typeof text === "number") return Number.isFinite(text) && text >= 0 ? text : undefined;
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h)?$/.exec(text.trim());
  if (match === null) return undefined;
  const unit = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[match[2] ?? "ms"];
  return Number(match[1]) * (unit ?? 1);
}
