import { PlatformError } from "@holdfast/kernel";
import { type DeltaMessage, type InstanceRecord, instanceStatuses, type SnapshotMessage } from "@holdfast/wire";

/** Twenty times the ten thousand a registry is built for. */
const instancesMax = 200_000;

/**
 * Reads what a registry says. One instance that cannot be read is left out, since every registry has it and every
 * listener would refuse them all; when it is more than half of them, the registry talks nonsense.
 *
 * @throws PlatformError `REGISTRY_ANSWER_INVALID`.
 */
export function readSnapshot(text: string): SnapshotMessage {
  const message = readObject(text);
  const { cursor, listener, ageMs } = message;
  const instances = readRecords(message["instances"]);
  if (!isText(cursor) || !isText(listener)) throw invalid("a snapshot must have a cursor and a listener");
  const isAge = typeof ageMs === "number" && ageMs >= 0;
  return { cursor, listener, instances, ...(isAge ? { ageMs } : {}) };
}

/** @throws PlatformError `REGISTRY_ANSWER_INVALID`. */
export function readDelta(text: string): DeltaMessage {
  const message = readObject(text);
  const { cursor, listener, ack, removals } = message;
  const upserts = readRecords(message["upserts"]);
  if (!isText(cursor)) throw invalid("a delta must have a cursor");
  if (!Array.isArray(removals) || removals.length > instancesMax) throw invalid("removals must be a list");
  return {
    cursor,
    upserts,
    removals: removals.filter(isRemoval),
    ...(isText(listener) ? { listener } : {}),
    ...(ack === true ? { ack } : {}),
  };
}

/** The readable ones of a list. @throws PlatformError `REGISTRY_ANSWER_INVALID` when that is less than half. */
export function readRecords(value: unknown): readonly InstanceRecord[] {
  if (!Array.isArray(value)) throw invalid("instances must be a list");
  if (value.length > instancesMax) throw invalid(`${value.length} instances are more than ${instancesMax}`);
  const records = value.filter(isRecord);
  if (records.length * 2 < value.length) throw invalid("most instances cannot be read");
  return records.length === value.length ? value : records;
}

function readObject(text: string): Readonly<Record<string, unknown>> & {
  readonly cursor?: unknown;
  readonly listener?: unknown;
  readonly ageMs?: unknown;
  readonly ack?: unknown;
  readonly removals?: unknown;
} {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid("a message must be JSON", error);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid("a message must be an object");
  return { ...value };
}

function isRecord(value: unknown): value is InstanceRecord {
  if (typeof value !== "object" || value === null) return false;
  const fields: Partial<Record<keyof InstanceRecord, unknown>> = value;
  return (
    isText(fields.app) &&
    isText(fields.id) &&
    isText(fields.address) &&
    isText(fields.zone) &&
    isWhole(fields.port, 65_535) &&
    isWhole(fields.incarnation) &&
    isWhole(fields.version) &&
    instanceStatuses.some((status) => status === fields.status) &&
    typeof fields.metadata === "object" &&
    fields.metadata !== null
  );
}

function isRemoval(value: unknown): value is DeltaMessage["removals"][number] {
  return typeof value === "object" && value !== null && "app" in value && "id" in value && isText(value.id);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= 1_024;
}

function isWhole(value: unknown, max = Number.MAX_SAFE_INTEGER): boolean {
  // Incarnations are wall times; some clocks have fractions of a millisecond.
  return typeof value === "number" && value >= 0 && value <= max;
}

function invalid(what: string, cause?: unknown): PlatformError<"REGISTRY_ANSWER_INVALID"> {
  return new PlatformError("REGISTRY_ANSWER_INVALID", `registry: ${what}`, { status: 502, cause });
}
