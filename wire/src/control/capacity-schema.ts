import { z } from "zod";
import { capacityTiers, hostStates } from "../placement-words.ts";

/** Shapes of control's API of hosts: what they have, what stands on them, and who waits for room. */

const name = z.string().max(512);

/** Cores and bytes. `null`: no limit is stated. */
const amountsSchema = z
  .object({
    cpu: z.number(),
    memoryBytes: z.number(),
    diskBytes: z.number().nullable(),
    networkMbps: z.number().nullable(),
  })
  .meta({ id: "CapacityAmounts" });
export type CapacityAmounts = z.output<typeof amountsSchema>;

const hostTaskSchema = z
  .object({
    instance: name,
    service: name,
    serverGroup: name,
    cpu: z.number(),
    memoryBytes: z.number(),
    diskBytes: z.number(),
    networkMbps: z.number(),
  })
  .meta({ id: "HostTask" });

const hostViewSchema = z
  .object({
    name,
    /** The declared hosts it is one of. */
    set: name,
    zone: name,
    state: z.enum(hostStates),
    /** Why it is not active; empty when it is. */
    reason: z.string(),
    capacity: amountsSchema,
    used: amountsSchema,
    attributes: z.record(z.string(), z.string()),
    taints: z.array(z.string()),
    tasks: z.array(hostTaskSchema),
  })
  .meta({ id: "Host" });
export type HostView = z.output<typeof hostViewSchema>;

const hostSetViewSchema = z
  .object({
    name,
    zone: name,
    hosts: z.int(),
    min: z.int(),
    max: z.int(),
    /** Hosts that are active and have no task. */
    idle: z.int(),
    idleMin: z.int(),
    idleMax: z.int(),
    cooldownMs: z.number(),
  })
  .meta({ id: "HostSet" });

const capacityGroupViewSchema = z
  .object({
    name,
    tier: z.enum(capacityTiers),
    guaranteedCpu: z.number(),
    guaranteedMemoryBytes: z.number(),
    usedCpu: z.number(),
    usedMemoryBytes: z.number(),
  })
  .meta({ id: "CapacityGroup" });

const placementRefusalSchema = z
  .object({
    service: name,
    serverGroup: name,
    zone: name,
    /** One line: what stands against it on how many hosts. */
    reason: z.string(),
    /** ISO 8601: since when it waits. */
    since: z.string(),
  })
  .meta({ id: "PlacementRefusal" });

/** `GET /v1/capacity`. */
export const capacityViewSchema = z
  .object({
    /** False when the application declares no hosts: every zone has room for all, and the lists are empty. */
    declared: z.boolean(),
    hosts: z.array(hostViewSchema),
    sets: z.array(hostSetViewSchema),
    capacityGroups: z.array(capacityGroupViewSchema),
    refusals: z.array(placementRefusalSchema),
    /** Of hosts that are active. */
    total: amountsSchema,
    used: amountsSchema,
  })
  .meta({ id: "Capacity" });
export type CapacityView = z.output<typeof capacityViewSchema>;

/** `POST /v1/hosts/{name}/state`. */
export const hostStateRequestSchema = z
  .strictObject({ state: z.enum(hostStates), reason: z.string().max(512).optional() })
  .meta({ id: "HostStateRequest" });
export type HostStateRequest = z.input<typeof hostStateRequestSchema>;

export const hostStateAnswerSchema = z
  .object({
    host: hostViewSchema,
    /** Instances that are being replaced elsewhere. */
    leaving: z.int(),
  })
  .meta({ id: "HostStateAnswer" });
export type HostStateAnswer = z.output<typeof hostStateAnswerSchema>;
