import { PlatformError } from "@holdfast/kernel";

/** The state cannot be written now; nothing was changed. */
export class StateReadOnlyError extends PlatformError<"STATE_READ_ONLY"> {
  constructor(reason: string, cause?: unknown) {
    super("STATE_READ_ONLY", `state is read-only: ${reason}`, {
      status: 503,
      next: "free space on the disk of the state directory (or make it writable); control recovers by itself",
      ...(cause === undefined ? {} : { cause }),
    });
  }
}

/** No server group serves under that name. */
export class ServiceUnknownError extends PlatformError<"SERVICE_UNKNOWN"> {
  constructor(service: string, known: readonly string[]) {
    super("SERVICE_UNKNOWN", `${service}: no such service; known: ${known.join(", ") || "none yet"}`, {
      status: 404,
      details: { service, known },
      next: "holdfast status",
    });
  }
}

/** No instance has that id. */
export class InstanceUnknownError extends PlatformError<"INSTANCE_UNKNOWN"> {
  constructor(instance: string) {
    super("INSTANCE_UNKNOWN", `${instance}: no such instance is running`, {
      status: 404,
      details: { instance },
      next: "holdfast ps",
    });
  }
}

/** A figure outside the group's bounds. */
export class ScaleOutOfRangeError extends PlatformError<"SCALE_OUT_OF_RANGE"> {
  constructor(service: string, desired: number, min: number, max: number) {
    super("SCALE_OUT_OF_RANGE", `${service}: desired must be from ${min} to ${max}, got ${desired}`, {
      status: 400,
      details: { service, desired, min, max },
      next: `set services.${service}.scale in the application file and run holdfast up`,
    });
  }
}
