import { z } from "zod";
import {
  healthCheckTypes,
  httpHealthCheckDefaults as http,
  httpMatcherPattern,
  scalingProcesses,
  terminationPolicies,
} from "../group-words.ts";

/** Shapes of control's API of server groups. Names and figures are those of AWS Auto Scaling where it has them. */

const processSchema = z.enum(scalingProcesses);
const policySchema = z.enum(terminationPolicies);
const checkSchema = z.enum(healthCheckTypes);
const ms = z.int().min(0);
const size = z.int().min(0).max(500);
const instanceId = z.string().min(1).max(128);
const instances = z.array(instanceId).min(1).max(500);

const hookSchema = z
  .strictObject({
    name: z.string().regex(/^[A-Za-z0-9\-_/]{1,255}$/),
    transition: z.enum(["launching", "terminating"]),
    /** 30 s to 7,200 s. */
    heartbeatTimeoutMs: z.int().min(30_000).max(7_200_000).default(3_600_000),
    defaultResult: z.enum(["CONTINUE", "ABANDON"]).default("ABANDON"),
  })
  .meta({ id: "LifecycleHook" });

const warmPoolSchema = z
  .strictObject({
    minSize: size.default(0),
    maxPreparedCapacity: size.nullable().default(null),
    state: z.enum(["Running", "Stopped"]).default("Stopped"),
    reuseOnScaleIn: z.boolean().default(false),
  })
  .meta({ id: "WarmPool" });

const httpCheckSchema = z
  .strictObject({
    /** Asked on the instance's own port. */
    path: z
      .string()
      .max(1_024)
      .regex(/^\/[^\s]*$/)
      .default(http.path),
    /** 1 s to 300 s. */
    intervalMs: z.int().min(1_000).max(300_000).default(http.intervalMs),
    /** 100 ms to 120 s. */
    timeoutMs: z.int().min(100).max(120_000).default(http.timeoutMs),
    healthyThreshold: z.int().min(1).max(10).default(http.healthyThreshold),
    unhealthyThreshold: z.int().min(1).max(10).default(http.unhealthyThreshold),
    /** Statuses that are good answers: `200`, `200,204`, `200-299`. */
    matcher: z.string().max(200).regex(httpMatcherPattern).default(http.matcher),
  })
  .meta({ id: "HttpHealthCheck" });

export const groupSettingsSchema = z
  .strictObject({
    terminationPolicies: z.array(policySchema).min(1),
    healthChecks: z.array(checkSchema),
    /** What the check `http` asks. Null: the service's own health path, else `/`. */
    httpCheck: httpCheckSchema.nullable(),
    healthCheckGraceMs: ms,
    defaultCooldownMs: ms,
    /** Null: for ever; else at least a day. */
    maxInstanceLifetimeMs: z.int().min(86_400_000).nullable(),
    newInstancesProtected: z.boolean(),
    hooks: z.array(hookSchema).max(50),
    warmPool: warmPoolSchema.nullable(),
  })
  .meta({ id: "GroupSettings" });

/** What is not named stays as it is. */
export const groupSettingsRequestSchema = groupSettingsSchema.partial().meta({ id: "GroupSettingsRequest" });
export type GroupSettingsRequest = z.input<typeof groupSettingsRequestSchema>;

/** What one checker makes of one instance. */
const healthVerdictSchema = z
  .object({
    /** `registry`, `http`, `balancer` or `operator`. The engine's own check is the instance's `status`. */
    checker: z.string(),
    healthy: z.boolean(),
    /** Its last word. */
    reason: z.string(),
    /** False while nothing follows from it. */
    counts: z.boolean(),
    /** Why it does not count, or how far it is from turning; empty else. */
    note: z.string(),
  })
  .meta({ id: "InstanceHealthVerdict" });

export const groupInstanceSchema = z
  .object({
    id: z.string(),
    zone: z.string(),
    serverGroup: z.string(),
    status: z.enum(["starting", "up", "unhealthy", "draining", "stopped"]),
    /** AWS's word for where it is in its life: `InService`, `Pending:Wait`, `Standby` … */
    lifecycle: z.string(),
    protected: z.boolean(),
    /** Hooks it waits for. */
    waitsFor: z.array(z.string()),
    health: z.array(healthVerdictSchema),
    reason: z.string(),
    address: z.string(),
    port: z.int(),
    /** The host that it was placed on, where hosts are declared. */
    host: z.string().optional(),
    /** ISO 8601. */
    startedAt: z.string(),
  })
  .meta({ id: "GroupInstance" });
export type GroupInstanceView = z.output<typeof groupInstanceSchema>;

export const refreshViewSchema = z
  .object({
    status: z.string(),
    percent: z.number(),
    instances: z.int(),
    reason: z.string(),
    startedAt: z.string(),
    endedAt: z.string().nullable(),
    /** When a checkpoint or the bake time is over. */
    waitsUntil: z.string().nullable(),
  })
  .meta({ id: "InstanceRefresh" });

export const serverGroupViewSchema = z
  .object({
    name: z.string(),
    cluster: z.string(),
    application: z.string(),
    service: z.string(),
    /** Frigga's number; null for a name without one. */
    sequence: z.int().nullable(),
    /** The one that a deployment replaces. */
    primary: z.boolean(),
    state: z.enum(["enabled", "disabled", "destroying"]),
    min: z.int(),
    desired: z.int(),
    max: z.int(),
    up: z.int(),
    /** Zone name → instances up there. */
    zones: z.record(z.string(), z.int()),
    image: z.string(),
    run: z.string(),
    suspended: z.array(processSchema),
    settings: groupSettingsSchema,
    /** Why it is not at strength, or what it waits for; empty when it is. */
    reason: z.string(),
    /** Why its rollout waits for somebody's word; empty when it does not. */
    paused: z.string(),
    refresh: refreshViewSchema.nullable(),
    createdAt: z.string(),
    instances: z.array(groupInstanceSchema),
  })
  .meta({ id: "ServerGroup" });
export type ServerGroupView = z.output<typeof serverGroupViewSchema>;

export const cloneRequestSchema = z
  .strictObject({
    min: size.optional(),
    desired: size.optional(),
    max: size.optional(),
    image: z.string().min(1).max(4_096).optional(),
    run: z.string().min(1).max(4_096).optional(),
    env: z.record(z.string(), z.string()).optional(),
    /** False: it fills up without traffic, until it is enabled. */
    traffic: z.boolean().optional(),
  })
  .meta({ id: "CloneRequest" });
export type CloneRequestBody = z.input<typeof cloneRequestSchema>;

export const resizeRequestSchema = z
  .strictObject({ min: size.optional(), desired: size.optional(), max: size.optional() })
  .refine((request) => Object.keys(request).length > 0, "needs min, desired or max")
  .meta({ id: "ResizeRequest" });
export type ResizeRequest = z.input<typeof resizeRequestSchema>;

export const forceRequestSchema = z.strictObject({ force: z.boolean().default(false) }).meta({ id: "ForceRequest" });
export const groupInstanceRequestSchema = z.strictObject({ instance: instanceId }).meta({ id: "GroupInstanceRequest" });
export const instancesRequestSchema = z.strictObject({ instances }).meta({ id: "InstancesRequest" });
export const decrementRequestSchema = z
  .strictObject({ instances, decrement: z.boolean().default(false) })
  .meta({ id: "InstancesDecrementRequest" });
export const protectRequestSchema = z
  .strictObject({ instances, protected: z.boolean() })
  .meta({ id: "ProtectRequest" });
export const processesRequestSchema = z
  .strictObject({ processes: z.array(processSchema).min(1) })
  .meta({ id: "ProcessesRequest" });

const pause = z.int().min(0).max(172_800_000);
export const refreshRequestSchema = z
  .strictObject({
    minHealthyPercentage: z.int().min(0).max(100),
    maxHealthyPercentage: z.int().min(100).max(200),
    checkpointPercentages: z.array(z.int().min(1).max(100)).max(20),
    checkpointDelayMs: pause,
    skipMatching: z.boolean(),
    autoRollback: z.boolean(),
    bakeTimeMs: pause,
    scaleInProtectedInstances: z.enum(["Wait", "Ignore", "Refresh"]),
    standbyInstances: z.enum(["Wait", "Ignore", "Terminate"]),
    image: z.string().min(1).max(4_096),
    run: z.string().min(1).max(4_096),
    env: z.record(z.string(), z.string()),
  })
  .partial()
  .meta({ id: "RefreshRequest" });
export type RefreshRequest = z.input<typeof refreshRequestSchema>;

export const hookAnswerSchema = z
  .strictObject({
    instance: instanceId,
    hook: z.string().min(1).max(255),
    answer: z.enum(["CONTINUE", "ABANDON", "HEARTBEAT"]),
  })
  .meta({ id: "HookAnswer" });

export const healthRequestSchema = z
  .strictObject({ instance: instanceId, healthy: z.boolean() })
  .meta({ id: "InstanceHealthRequest" });
