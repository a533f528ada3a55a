import { PlatformError } from "@holdfast/kernel";

/** Exit codes of every command; scripts rely on them. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  /** Wrong usage, or an application file that cannot be used. */
  usage: 2,
  notFound: 3,
  notHealthyInTime: 4,
  /** A port, a permission, a limit or another stack stands in the way. */
  environment: 5,
  interrupted: 130,
} as const;

const usage = [
  "APP_FILE_FAULTY",
  "APP_FILE_MISSING",
  "APP_FILE_AMBIGUOUS",
  "OPTION_INVALID",
  "USAGE",
  "AMBIGUOUS",
  "SERVICE_DIRECTORY_MISSING",
  "SCRIPT_MISSING",
  "BUNDLE_NOT_POSSIBLE",
  "BUNDLE_FAILED",
  "IMAGE_TOO_LARGE",
  "SCALE_OUT_OF_RANGE",
];
const environment = [
  "PORT_TAKEN",
  "PORT_NOT_PERMITTED",
  "STATE_NOT_WRITABLE",
  "STACK_HELD",
  "FILE_LIMIT_TOO_LOW",
  "RUN_DIRECTORY_FOREIGN",
  "SOCKET_PATH_TOO_LONG",
];

export function exitCodeOf(error: unknown): number {
  if (!(error instanceof PlatformError)) return exitCodes.failed;
  if (usage.includes(error.code)) return exitCodes.usage;
  if (environment.includes(error.code)) return exitCodes.environment;
  // Refused by control for what was asked, not for how things are.
  if (error.status === 400) return exitCodes.usage;
  if (error.code === "NOT_HEALTHY_IN_TIME") return exitCodes.notHealthyInTime;
  return error.status === 404 ? exitCodes.notFound : exitCodes.failed;
}
