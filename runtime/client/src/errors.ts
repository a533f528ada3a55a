import { messageOf, PlatformError } from "@holdfast/kernel";

/** Nobody has registered under this name. */
export class ServiceUnknownError extends PlatformError<"SERVICE_UNKNOWN"> {
  constructor(app: string, known: readonly string[]) {
    const list = known.length === 0 ? "none is registered" : `known: ${known.toSorted().join(", ")}`;
    super("SERVICE_UNKNOWN", `${app}: no service of this name (${list})`, { status: 503, next: "holdfast status" });
  }
}

/** The service is known, and none of its instances can take the call. */
export class NoServerAvailableError extends PlatformError<"NO_SERVER_AVAILABLE"> {
  constructor(app: string, instances: number, cause?: unknown) {
    const what = instances === 0 ? "has no instance that is UP" : `none of its ${instances} instances answered`;
    super("NO_SERVER_AVAILABLE", `${app}: ${what}`, { status: 503, next: `holdfast ps`, cause });
  }
}

/** The time for the call is over. */
export class CallTimedOutError extends PlatformError<"CALL_TIMED_OUT"> {
  constructor(app: string, ms: number, tries: number) {
    super("CALL_TIMED_OUT", `${app}: no answer within ${Math.round(ms)} ms (${tries} tried)`, {
      status: 504,
      details: { app, ms, tries },
    });
  }
}

/** The call was made, its answer was lost, and it must not be made again. */
export class CallFailedError extends PlatformError<"CALL_FAILED"> {
  constructor(app: string, why: string, cause?: unknown) {
    super("CALL_FAILED", `${app}: ${why}`, { status: 502, cause });
  }
}

/** Whoever wanted the answer has gone. */
export class CallAbortedError extends PlatformError<"CALL_ABORTED"> {
  constructor(app: string, cause?: unknown) {
    super("CALL_ABORTED", `${app}: the caller gave up`, { status: 499, cause });
  }
}

/** The request cannot be sent as it is: a header or a path that HTTP does not allow. */
export class RequestUnfitError extends PlatformError<"REQUEST_UNFIT"> {
  constructor(app: string, cause: unknown) {
    super("REQUEST_UNFIT", `${app}: the request cannot be passed on (${messageOf(cause)})`, { status: 400, cause });
  }
}

/** A service's answer that cannot be used as it is. */
export class AnswerUnfitError extends PlatformError {
  constructor(why: string, cause: unknown) {
    super("ANSWER_UNFIT", why, { status: 502, next: "correct the service that answered", cause });
  }
}
