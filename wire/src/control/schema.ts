import { z } from "zod";
import { applicationSchema } from "../application/index.ts";
import { groupOperationKinds } from "./group-kinds.ts";

/** Shapes of control's API: route schemas, OpenAPI, and the types of CLI and console all come from here. */

const instanceKind = z.enum(["app", "registry", "gateway", "balancer", "control"]);
const serviceState = z.enum(["healthy", "degraded", "down", "starting"]);

export const instanceViewSchema = z
  .object({
    id: z.string(),
    /** The logical name: `catalog`, `registry`. */
    name: z.string(),
    kind: instanceKind,
    zone: z.string(),
    region: z.string(),
    address: z.string(),
    port: z.int(),
    pid: z.int().nullable(),
    status: z.enum(["starting", "up", "unhealthy", "draining", "stopped"]),
    /** ISO 8601: when it got this status. */
    since: z.string(),
    /** One sentence: why it has this status. */
    reason: z.string(),
    reasonCode: z.string(),
    serverGroup: z.string(),
    /** The host that it was placed on, where hosts are declared. */
    host: z.string().optional(),
    /** ISO 8601: when the process started. */
    startedAt: z.string(),
  })
  .meta({ id: "Instance" });
export type InstanceView = z.output<typeof instanceViewSchema>;

export const serviceViewSchema = z
  .object({
    name: z.string(),
    kind: instanceKind,
    application: z.string(),
    cluster: z.string(),
    serverGroup: z.string(),
    state: serviceState,
    /** Why it is not healthy, or what it waits for; empty when healthy. */
    reason: z.string(),
    min: z.int(),
    desired: z.int(),
    max: z.int(),
    up: z.int(),
    /** Zone name → instances up there. */
    zones: z.record(z.string(), z.int()),
    run: z.string(),
    /** Over the last minute; null while nothing was measured. */
    requestsPerSecond: z.number().nullable(),
    errorPercent: z.number().nullable(),
    p99Ms: z.number().nullable(),
  })
  .meta({ id: "Service" });
export type ServiceView = z.output<typeof serviceViewSchema>;

export const activityViewSchema = z
  .object({
    id: z.int(),
    /** ISO 8601. */
    at: z.string(),
    /** ISO 8601 once it has ended. */
    endedAt: z.string().nullable(),
    kind: z.enum([
      "launch",
      "terminate",
      "replace",
      "scale",
      "restart",
      "deploy",
      "kill",
      "note",
      ...groupOperationKinds,
    ]),
    service: z.string(),
    /** Name of the server group, where it concerns one. */
    group: z.string().optional(),
    zone: z.string().nullable(),
    instance: z.string().nullable(),
    /** Who or what asked: `reconciler`, `operator`. */
    actor: z.string(),
    /** One sentence: why it was done. */
    cause: z.string(),
    outcome: z.enum(["running", "succeeded", "failed", "cancelled"]),
    detail: z.string(),
  })
  .meta({ id: "Activity" });
export type ActivityView = z.output<typeof activityViewSchema>;

export const zoneViewSchema = z
  .object({
    name: z.string(),
    region: z.string(),
    /** `1.2`: region 1, zone 2. */
    key: z.string(),
    agent: z.enum(["up", "unreachable"]),
    up: z.int(),
    total: z.int(),
  })
  .meta({ id: "Zone" });
export type ZoneView = z.output<typeof zoneViewSchema>;

export const statusViewSchema = z
  .object({
    application: z.string(),
    verdict: z.enum(["healthy", "degraded", "down", "starting"]),
    /** One sentence for a person: `All 5 services healthy in 3 zones`. */
    sentence: z.string(),
    /** What is waited for or wrong, one line each; empty when healthy. */
    reasons: z.array(z.string()),
    /** `read-only` while state cannot be written. */
    state: z.enum(["writable", "read-only"]),
    stateReason: z.string(),
    stateDirectory: z.string(),
    edge: z.string(),
    console: z.string(),
    registry: z.string(),
    mode: z.enum(["netns", "loopback", "ports"]),
    version: z.string(),
    /** Wall ms at which control started. */
    startedAt: z.string(),
    zones: z.array(zoneViewSchema),
    services: z.array(serviceViewSchema),
  })
  .meta({ id: "Status" });
export type StatusView = z.output<typeof statusViewSchema>;

export const operationViewSchema = z
  .object({
    id: z.string(),
    kind: z.enum(["restart", "scale", "deploy", ...groupOperationKinds]),
    service: z.string(),
    /** Name of the server group, where it is about one. */
    group: z.string().optional(),
    state: z.enum(["running", "succeeded", "failed"]),
    detail: z.string(),
    done: z.int(),
    total: z.int(),
    startedAt: z.string(),
    endedAt: z.string().nullable(),
  })
  .meta({ id: "Operation" });
export type OperationView = z.output<typeof operationViewSchema>;

export const killRequestSchema = z
  .strictObject({ signal: z.enum(["SIGKILL", "SIGSTOP", "SIGCONT", "SIGTERM"]).default("SIGKILL") })
  .meta({ id: "KillRequest" });
export type KillRequest = z.input<typeof killRequestSchema>;

export const scaleRequestSchema = z.strictObject({ desired: z.int().min(0).max(99) }).meta({ id: "ScaleRequest" });
export type ScaleRequest = z.input<typeof scaleRequestSchema>;

/** `PUT /v1/applications/{name}`: the application and where each service's image is. */
export const deployRequestSchema = z
  .strictObject({
    application: applicationSchema,
    images: z.record(z.string(), z.string()),
  })
  .meta({ id: "DeployRequest" });
export type DeployRequest = z.input<typeof deployRequestSchema>;

export const metricPointSchema = z
  .object({
    /** ISO 8601, start of the minute. */
    at: z.string(),
    requests: z.number(),
    errors: z.number(),
    p50Ms: z.number().nullable(),
    p99Ms: z.number().nullable(),
  })
  .meta({ id: "MetricPoint" });
export type MetricPoint = z.output<typeof metricPointSchema>;

export const logLineSchema = z
  .object({ service: z.string(), instance: z.string(), zone: z.string(), line: z.string() })
  .meta({ id: "LogLine" });
export type LogLine = z.output<typeof logLineSchema>;

export const sessionRequestSchema = z.strictObject({ code: z.string().min(1).max(128) }).meta({ id: "SessionRequest" });

/** One message of `GET /v1/events`; the SSE event name is `topic`. */
export type ControlEvent =
  | { readonly topic: "status"; readonly data: StatusView }
  | { readonly topic: "instances"; readonly data: readonly InstanceView[] }
  | { readonly topic: "activities"; readonly data: readonly ActivityView[] };

/** RFC 9457 as control answers it; the type is `Problem` of wire. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    /** Stable; the READMEs' tables say what to do. */
    code: z.string(),
    detail: z.string(),
    next: z.string().optional(),
    errors: z.array(z.object({ path: z.string(), detail: z.string() })).optional(),
  })
  .meta({ id: "Problem" });

/** One-time code for the console's login link: `/login?code=…`. */
export const sessionCodeSchema = z.object({ code: z.string() }).meta({ id: "SessionCode" });

/** Answer to a deployment: what is under way because of it; nothing when nothing has changed. */
export const deployAnswerSchema = z
  .object({ application: z.string(), operations: z.array(operationViewSchema) })
  .meta({ id: "DeployAnswer" });
export type DeployAnswer = z.output<typeof deployAnswerSchema>;
