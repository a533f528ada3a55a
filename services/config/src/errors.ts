import { PlatformError } from "@holdfast/kernel";

/** Every refusal of this room; README lists what each one means. */
export type ConfigErrorCode =
  | "CONFIG_KEY_INVALID"
  | "CONFIG_VALUE_INVALID"
  | "CONFIG_SCOPE_INVALID"
  | "CONFIG_FILTER_INVALID"
  | "CONFIG_FULL"
  | "CONFIG_UNKNOWN"
  | "CONFIG_UNCHANGED"
  | "CONFIG_REVISION_UNKNOWN"
  | "CONFIG_ROLLBACK_CONFLICT"
  | "CONFIG_READ_ONLY"
  | "CONFIG_LISTENERS_FULL"
  | "STAGE_INVALID"
  | "STAGE_UNKNOWN"
  | "STAGE_RUNNING"
  | "SECRET_INVALID"
  | "SECRET_UNKNOWN"
  | "SECRET_IN_USE"
  | "SECRET_KEY_LOST";

export function configError(
  code: ConfigErrorCode,
  message: string,
  status: number,
  next?: string,
  details?: Readonly<Record<string, unknown>>,
): PlatformError<ConfigErrorCode> {
  return new PlatformError(code, message, {
    status,
    ...(next === undefined ? {} : { next }),
    ...(details === undefined ? {} : { details }),
  });
}
