import { type InstanceId, PlatformError } from "@holdfast/kernel";
import {
  type InstanceRecord,
  type OverrideRequest,
  type ProbeView,
  type RenewRequest,
  type SeenAnswer,
  type StatusChange,
} from "@holdfast/wire";
import type { Replica } from "./lease.ts";
import { list, object, refuse, text, whole } from "./read-fields.ts";
import type { Renewal, ReplicateAnswer, ReplicateRequest, Unread } from "./replicate-call.ts";
import { readEureka, readStatus } from "./validate-eureka.ts";

/** Checks a record from outside and leaves out what is not of one. */
export function readRecord(path: string, value: unknown): InstanceRecord {
  const fields = object(path, value);
  const { adminPort, leaseMs, eureka } = fields;
  return {
    app: readApp(`${path}.app`, fields["app"]),
    id: readId(`${path}.id`, fields["id"]),
    incarnation: whole(`${path}.incarnation`, fields["incarnation"]),
    version: whole(`${path}.version`, fields["version"]),
    status: readStatus(`${path}.status`, fields["status"]),
    region: text(`${path}.region`, fields["region"], 256, 0),
    zone: text(`${path}.zone`, fields["zone"], 256, 0),
    address: text(`${path}.address`, fields["address"], 256, 0),
    port: whole(`${path}.port`, fields["port"], 65_535),
    ...(adminPort === undefined ? {} : { adminPort: whole(`${path}.adminPort`, adminPort, 65_535) }),
    application: text(`${path}.application`, fields["application"], 256, 0),
    cluster: text(`${path}.cluster`, fields["cluster"], 256, 0),
    serverGroup: text(`${path}.serverGroup`, fields["serverGroup"], 256, 0),
    verifiesIdentity: fields["verifiesIdentity"] === true,
    metadata: readMetadata(`${path}.metadata`, fields["metadata"] ?? {}),
    ...(leaseMs === undefined ? {} : { leaseMs: Math.max(leaseMsMin, whole(`${path}.leaseMs`, leaseMs, leaseMsMax)) }),
    ...(eureka === undefined ? {} : { eureka: readEureka(`${path}.eureka`, eureka) }),
  };
}

/** A lease shorter than this would end between two heartbeats; longer than a day, which `compat` doubles, is none. */
const [leaseMsMin, leaseMsMax] = [1_000, 2 * 86_400_000];

/** App names are lower case here, and part of keys that are split at the first slash. */
export function readApp(path: string, value: unknown): string {
  const app = text(path, value).toLowerCase();
  if (/[/\p{Cc}]/u.test(app)) refuse(path, "a name without slashes and control characters");
  return app;
}

/** Wider than the ids of our own instances: Eureka's clients put host names, ports and whatever they like into theirs. */
export function readId(path: string, value: unknown): InstanceId {
  const id = text(path, value);
  if (/\p{Cc}/u.test(id)) refuse(path, "an instance id without control characters");
  return id as InstanceId;
}

function readMetadata(path: string, value: unknown): Record<string, string> {
  const entries = Object.entries(object(path, value));
  if (entries.length > 64) refuse(path, "at most 64 entries");
  // `fromEntries` defines what it is given, so that a key `__proto__` is only a key.
  return Object.fromEntries(entries.map(([key, item]) => [key, text(`${path}.${key}`, item, 4_096)]));
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

/** @throws PlatformError `BODY_INVALID`. */
export function readOverride(value: unknown): OverrideRequest {
  const fields = object("body", value);
  return {
    status: readStatus("status", fields["status"]),
    by: text("by", fields["by"] ?? "operator"),
    reason: text("reason", fields["reason"] ?? "no reason given", 1_024),
  };
}

export function readReplicate(value: unknown): ReplicateRequest {
  const fields = object("body", value);
  const { awaitApp, zone, clockMs, part, digest, probe } = fields;
  return {
    from: text("from", fields["from"]),
    ...(zone === undefined ? {} : { zone: text("zone", zone) }),
    ...(clockMs === undefined ? {} : { clockMs: positive("clockMs", clockMs) }),
    ...(part === undefined ? {} : { part: readPart("part", part) }),
    ...(digest === undefined ? {} : { digest: whole("digest", digest) }),
    ...(probe === undefined ? {} : { probe: readTarget("probe", probe) }),
    ...readReplicas(fields["replicas"]),
    renewals: list("renewals", fields["renewals"], 20_000).map((item, i) => readRenewal(`renewals.${i}`, item)),
    awaitSeenMs: whole("awaitSeenMs", fields["awaitSeenMs"], 10_000),
    ...(awaitApp === undefined ? {} : { awaitApp: text("awaitApp", awaitApp) }),
  };
}

/** What a peer answers is checked like what it asks. */
export function readReplicateAnswer(value: unknown): ReplicateAnswer {
  const fields = object("answer", value);
  const { name, zone, clockMs, synced, size, bytes, agrees, seen, probe } = fields;
  return {
    ...readReplicas(fields["replicas"]),
    unknown: list("unknown", fields["unknown"], 20_000).map((item, i) => {
      const [app, id] = list(`unknown.${i}`, item, 2);
      return [readApp(`unknown.${i}.0`, app), readId(`unknown.${i}.1`, id)] as const;
    }),
    ...(name === undefined ? {} : { name: text("name", name) }),
    ...(zone === undefined ? {} : { zone: text("zone", zone) }),
    ...(clockMs === undefined ? {} : { clockMs: positive("clockMs", clockMs) }),
    ...(typeof synced === "boolean" ? { synced } : {}),
    ...(size === undefined ? {} : { size: whole("size", size, 10_000_000) }),
    ...(bytes === undefined ? {} : { bytes: whole("bytes", bytes) }),
    ...(typeof agrees === "boolean" ? { agrees } : {}),
    ...(seen === undefined ? {} : { seen: readSeen("seen", seen) }),
    ...(probe === undefined ? {} : { probe: readProbe("probe", probe) }),
  };
}

/**
 * Those that can be read; the others are counted. One account that only the peer takes for good must not keep all others
 * from being told, now and in every exchange after it. When none can be read it is no peer of ours that speaks.
 */
function readReplicas(value: unknown): { replicas: Replica[]; unread?: Unread } {
  const items = list("replicas", value, 20_000);
  const replicas: Replica[] = [];
  let first: PlatformError | undefined;
  for (const [i, item] of items.entries()) {
    try {
      replicas.push(readReplica(`replicas.${i}`, item));
    } catch (error) {
      if (!(error instanceof PlatformError)) throw error;
      first ??= error;
    }
  }
  if (first === undefined) return { replicas };
  if (replicas.length === 0) throw first;
  return { replicas, unread: { count: items.length - replicas.length, fault: first.message } };
}

function readPart(path: string, value: unknown): { index: number; count: number } {
  const fields = object(path, value);
  const count = whole(`${path}.count`, fields["count"], 100_000);
  return { index: whole(`${path}.index`, fields["index"], Math.max(0, count - 1)), count: Math.max(1, count) };
}

function readTarget(path: string, value: unknown): { app: string; id: InstanceId } {
  const fields = object(path, value);
  return { app: readApp(`${path}.app`, fields["app"]), id: readId(`${path}.id`, fields["id"]) };
}

function readSeen(path: string, value: unknown): SeenAnswer {
  const fields = object(path, value);
  const [listeners, seen] = [whole(`${path}.listeners`, fields["listeners"]), whole(`${path}.seen`, fields["seen"])];
  return { listeners, seen, complete: fields["complete"] === true };
}

function readProbe(path: string, value: unknown): ProbeView {
  const fields = object(path, value);
  const verdict = (["alive", "dead", "silent"] as const).find((known) => known === fields["verdict"]);
  if (verdict === undefined) refuse(`${path}.verdict`, "alive, dead or silent");
  const [zone, at] = [text(`${path}.zone`, fields["zone"]), text(`${path}.at`, fields["at"])];
  return { zone, at, verdict, detail: text(`${path}.detail`, fields["detail"], 1_024, 0) };
}

/** Checks what a peer says of one instance. */
export function readReplica(path: string, value: unknown): Replica {
  const fields = object(path, value);
  switch (fields["kind"]) {
    case "record": {
      const { bornMs, upMs } = fields;
      return {
        kind: "record",
        record: readRecord(`${path}.record`, fields["record"]),
        ageMs: age(fields["ageMs"]),
        ...(bornMs === undefined ? {} : { bornMs: age(bornMs) }),
        ...(upMs === undefined ? {} : { upMs: age(upMs) }),
      };
    }
    case "removal": {
      const { idleMs, keepMs } = fields;
      return {
        kind: "removal",
        ...readTarget(path, fields),
        incarnation: whole(`${path}.incarnation`, fields["incarnation"]),
        version: whole(`${path}.version`, fields["version"]),
        cause: text(`${path}.cause`, fields["cause"], 1_024),
        ageMs: age(fields["ageMs"]),
        ...(idleMs === undefined ? {} : { idleMs: age(idleMs) }),
        ...(keepMs === undefined ? {} : { keepMs: whole(`${path}.keepMs`, keepMs, leaseMsMax) }),
      };
    }
    case "override": {
      const { status, idleMs } = fields;
      return {
        kind: "override",
        ...(idleMs === undefined ? {} : { idleMs: age(idleMs) }),
        ...readTarget(path, fields),
        status: status === null ? null : readStatus(`${path}.status`, status),
        stamp: whole(`${path}.stamp`, fields["stamp"]),
        by: text(`${path}.by`, fields["by"]),
        // Whoever takes one back need not say why; that of an instance that was removed quotes the cause.
        reason: text(`${path}.reason`, fields["reason"], 2_048, 0),
      };
    }
    default:
      return refuse(`${path}.kind`, "record, removal or override");
  }
}

/** An age in ms; a month at most, for ones that cannot be. Absent or negative: now. */
function age(value: unknown): number {
  if (value === undefined) return 0;
  if (typeof value !== "number" || !Number.isFinite(value)) refuse("an age", "a number of milliseconds");
  return Math.min(Math.max(value, 0), 2_592_000_000);
}

function positive(path: string, value: unknown): number {
  if (typeof value !== "number" || !(value >= 0) || !Number.isFinite(value)) refuse(path, "a number from 0 on");
  return value;
}

function readRenewal(path: string, value: unknown): Renewal {
  const [app, id, incarnation, version, ageMs] = list(path, value, 5);
  const account = [whole(`${path}.2`, incarnation), whole(`${path}.3`, version)] as const;
  return [readApp(`${path}.0`, app), readId(`${path}.1`, id), ...account, age(ageMs)];
}
