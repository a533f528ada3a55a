import { configError } from "./errors.ts";

export interface ConfigLimits {
  /** Longest key, in characters. */
  readonly keyCharsMax: number;
  /** Longest value, in bytes of UTF-8. */
  readonly valueBytesMax: number;
  /** So many values, of all keys and scopes. */
  readonly propertiesMax: number;
  /** So many edits in one change. */
  readonly editsMax: number;
}

/** 256 characters, 64 KiB, 100,000 values: far above what a fleet sets, far below what fills control's memory by mistake. */
export const configLimitsDefaults: ConfigLimits = {
  keyCharsMax: 256,
  valueBytesMax: 64 * 1024,
  propertiesMax: 100_000,
  editsMax: 1_000,
};

/** @throws PlatformError `CONFIG_KEY_INVALID` when it is empty, too long, or holds blanks, `=` or control characters. */
export function checkKey(key: string, limits: ConfigLimits): void {
  if (key.length > limits.keyCharsMax) {
    throw configError("CONFIG_KEY_INVALID", `the key is longer than ${limits.keyCharsMax} characters`, 400);
  }
  if (/^[^\s=\p{Cc}]+$/u.test(key)) return;
  throw configError(
    "CONFIG_KEY_INVALID",
    `${JSON.stringify(key)}: a key is not empty and holds no blank, no = and no control character`,
    400,
  );
}

/** @throws PlatformError `CONFIG_VALUE_INVALID` when it is too long or holds a NUL. */
export function checkValue(key: string, value: string, limits: ConfigLimits): void {
  if (Buffer.byteLength(value) > limits.valueBytesMax) {
    throw configError("CONFIG_VALUE_INVALID", `${key}: its value is longer than ${limits.valueBytesMax} bytes`, 400);
  }
  if (value.includes("\0")) throw configError("CONFIG_VALUE_INVALID", `${key}: its value holds a NUL character`, 400);
}
