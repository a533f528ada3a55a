/**
 * What can happen to a command, by Hystrix's own names (`HystrixEventType`). The numbers are places in the counters,
 * so that counting is one array access.
 */
export const commandEvents = [
  "EMIT",
  "SUCCESS",
  "FAILURE",
  "TIMEOUT",
  "BAD_REQUEST",
  "SHORT_CIRCUITED",
  "THREAD_POOL_REJECTED",
  "SEMAPHORE_REJECTED",
  "FALLBACK_EMIT",
  "FALLBACK_SUCCESS",
  "FALLBACK_FAILURE",
  "FALLBACK_REJECTION",
  "FALLBACK_DISABLED",
  "FALLBACK_MISSING",
  "EXCEPTION_THROWN",
  "COMMAND_MAX_ACTIVE",
  "RESPONSE_FROM_CACHE",
  "CANCELLED",
  "COLLAPSED",
  // Ours: calls that took longer than `circuitBreaker.slowCallDurationInMilliseconds`, whatever became of them.
  "SLOW",
  // Ours: those of TIMEOUT that passed while our own event loop stood still; the circuit does not count them.
  "TIMEOUT_STALLED",
] as const;
export type CommandEvent = (typeof commandEvents)[number];

/** Places of the events in a counter. */
export const At = Object.fromEntries(commandEvents.map((name, index) => [name, index])) as Readonly<
  Record<CommandEvent, number>
>;

/** Events that end in an error for the caller; `EXCEPTION_THROWN` is their sum (`HystrixEventType`). */
export const exceptionEvents: readonly CommandEvent[] = [
  "BAD_REQUEST",
  "FALLBACK_FAILURE",
  "FALLBACK_REJECTION",
  "FALLBACK_DISABLED",
  "FALLBACK_MISSING",
];
