import { PlatformError } from "@holdfast/kernel";

export function unknown(id: string): PlatformError {
  return new PlatformError("INSTANCE_UNKNOWN", `${id}: is not registered here; register it again`, { status: 404 });
}

export function older(id: string): PlatformError {
  return new PlatformError("INSTANCE_OLDER", `${id}: a later start or a removal of this instance is known`, {
    status: 409,
  });
}

export function claimed(id: string): PlatformError {
  return new PlatformError("INSTANCE_OLDER", `${id}: a process that started later holds this id`, {
    status: 409,
    next: "stop this process, or give it an id of its own",
  });
}
