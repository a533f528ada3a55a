import { PlatformError, parseInstanceId } from "@holdfast/kernel";
import { type InstanceRecord, instanceStatuses, type RenewRequest, type StatusChange } from "@holdfast/wire";
import type { Replica } from "./lease-table.ts";
import type { Renewal, ReplicateRequest } from "./replicate-call.ts";

type Fields = Readonly<Record<string, unknown>>;

function refuse(path: string, expected: string): never {
  throw new PlatformError("BODY_INVALID", `${path}: must be ${expected}`, { status: 400 });
}

function object(path: string, value: unknown): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) refuse(path, "an object");
  return value as Fields;
}

function text(path: string, value: unknown, max = 256): string {
  if (typeof value !== "string" || value.length === 0 || value.length > max)
    refuse(path, `a text of 1 to ${max} characters`);
  return value;
}

function whole(path: string, value: unknown, max = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > max) {
    refuse(path, `a whole number from 0 to ${max}`);
  }
  return value;
}

function list(path: string, value: unknown, max: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length > max) refuse(path, `a list of at most ${max}`);
  return value;
}

/** Checks a record from outside and leaves out what is not of one. */
export function readRecord(path: string, value: unknown): InstanceRecord {
  const fields = object(path, value);
  const id = parseInstanceId(text(`${path}.id`, fields["id"]));
  if (id === undefined) refuse(`${path}.id`, "an instance id");
  const adminPort = fields["adminPort"];
  return {
    app: text(`${path}.app`, fields["app"]).toLowerCase(),
    id,
    incarnation: whole(`${path}.incarnation`, fields["incarnation"]),
    version: whole(`${path}.version`, fields["version"]),
    status: readStatus(`${path}.status`, fields["status"]),
    region: text(`${path}.region`, fields["region"]),
    zone: text(`${path}.zone`, fields["zone"]),
    address: text(`${path}.address`, fields["address"]),
    port: whole(`${path}.port`, fields["port"], 65_535),
    ...(adminPort === undefined ? {} : { adminPort: whole(`${path}.adminPort`, adminPort, 65_535) }),
    application: text(`${path}.application`, fields["application"]),
    cluster: text(`${path}.cluster`, fields["cluster"]),
    serverGroup: text(`${path}.serverGroup`, fields["serverGroup"]),
    verifiesIdentity: fields["verifiesIdentity"] === true,
    metadata: readMetadata(`${path}.metadata`, fields["metadata"] ?? {}),
  };
}

function readStatus(path: string, value: unknown): InstanceRecord["status"] {
  const status = instanceStatuses.find((known) => known === value);
  if (status === undefined) refuse(path, `one of ${instanceStatuses.join(", ")}`);
  return status;
}

function readMetadata(path: string, value: unknown): Record<string, string> {
  const metadata: Record<string, string> = {};
  const entries = Object.entries(object(path, value));
  if (entries.length > 64) refuse(path, "at most 64 entries");
  for (const [key, item] of entries) metadata[key] = text(`${path}.${key}`, item, 4_096);
  return metadata;
}

export function readRenew(value: unknown): RenewRequest {
  const fields = object("body", value);
  return { incarnation: whole("incarnation", fields["incarnation"]), version: whole("version", fields["version"]) };
}

export function readStatusChange(value: unknown): StatusChange {
  const fields = object("body", value);
  return {
    ...readRenew(value),
    status: readStatus("status", fields["status"]),
    awaitSeenMs: whole("awaitSeenMs", fields["awaitSeenMs"] ?? 0, 10_000),
  };
}

export function readReplicate(value: unknown): ReplicateRequest {
  const fields = object("body", value);
  const awaitApp = fields["awaitApp"];
  return {
    from: text("from", fields["from"]),
    full: fields["full"] === true,
    replicas: list("replicas", fields["replicas"], 100_000).map((item, i) => readReplica(`replicas.${i}`, item)),
    renewals: list("renewals", fields["renewals"], 100_000).map((item, i) => readRenewal(`renewals.${i}`, item)),
    awaitSeenMs: whole("awaitSeenMs", fields["awaitSeenMs"], 10_000),
    ...(awaitApp === undefined ? {} : { awaitApp: text("awaitApp", awaitApp) }),
  };
}

/** Checks what a peer says of one instance. */
export function readReplica(path: string, value: unknown): Replica {
  const fields = object(path, value);
  if (fields["kind"] === "record") {
    const ageMs = Math.min(Number(fields["ageMs"]) || 0, 3_600_000);
    return { kind: "record", record: readRecord(`${path}.record`, fields["record"]), ageMs: Math.max(0, ageMs) };
  }
  const id = parseInstanceId(text(`${path}.id`, fields["id"]));
  if (fields["kind"] !== "removal" || id === undefined) refuse(path, "a record or a removal");
  const idleMs = fields["idleMs"];
  return {
    kind: "removal",
    app: text(`${path}.app`, fields["app"]),
    id,
    incarnation: whole(`${path}.incarnation`, fields["incarnation"]),
    version: whole(`${path}.version`, fields["version"]),
    cause: text(`${path}.cause`, fields["cause"], 1_024),
    ...(typeof idleMs === "number" && idleMs >= 0 ? { idleMs } : {}),
  };
}

function readRenewal(path: string, value: unknown): Renewal {
  const [id, incarnation, version, ageMs] = list(path, value, 4);
  const known = parseInstanceId(text(`${path}.0`, id));
  if (known === undefined) refuse(`${path}.0`, "an instance id");
  const age = typeof ageMs === "number" && ageMs >= 0 ? ageMs : 0;
  return [known, whole(`${path}.1`, incarnation), whole(`${path}.2`, version), age];
}
