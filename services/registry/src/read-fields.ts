import { PlatformError } from "@holdfast/kernel";

type Fields = Readonly<Record<string, unknown>>;

/** @throws PlatformError `BODY_INVALID` (400), always. */
export function refuse(path: string, expected: string): never {
  throw new PlatformError("BODY_INVALID", `${path}: must be ${expected}`, { status: 400 });
}

export function object(path: string, value: unknown): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) refuse(path, "an object");
  return value as Fields;
}

export function text(path: string, value: unknown, max = 256, min = 1): string {
  if (typeof value !== "string" || value.length < min || value.length > max) {
    refuse(path, `a text of ${min} to ${max} characters`);
  }
  return value;
}

export function whole(path: string, value: unknown, max = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > max) {
    refuse(path, `a whole number from 0 to ${max}`);
  }
  return value;
}

export function list(path: string, value: unknown, max: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length > max) refuse(path, `a list of at most ${max}`);
  return value;
}
