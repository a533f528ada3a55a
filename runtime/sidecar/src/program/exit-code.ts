import { hasCode, PlatformError } from "@holdfast/kernel";

/** Exit code of a sidecar that could not start: as a shell says it of the command (127, 126), 2 for wrong options, else 1. */
export function startExitCode(error: unknown): number {
  if (hasCode(error, "COMMAND_NOT_FOUND")) return 127;
  if (hasCode(error, "COMMAND_NOT_EXECUTABLE")) return 126;
  if (hasCode(error, "OPTION_INVALID") || hasCode(error, "CONFIG_UNREADABLE")) return 2;
  return error instanceof PlatformError && error.status === 400 ? 2 : 1;
}
