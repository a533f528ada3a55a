import { z } from "zod";
import { instanceStatuses } from "../registry.ts";
import {
  type LeaseExplanation,
  type OverrideView,
  type PreservationGroup,
  type PreservationView,
  type ProbeView,
  type RegistryEvent,
  type RegistrySummary,
  registryEventKinds,
} from "../registry-views.ts";

/** Shapes of control's discovery API: what all registries say, side by side. */

const status = z.enum(instanceStatuses);
/** How many have which status; a status nobody has is absent. */
const statusCounts = z.partialRecord(status, z.int());

const preservationGroupSchema: z.ZodType<PreservationGroup> = z
  .object({
    app: z.string(),
    zone: z.string(),
    instances: z.int(),
    held: z.int(),
    engaged: z.boolean(),
    reason: z.string(),
  })
  .meta({ id: "PreservationGroup" });

const preservationSchema: z.ZodType<PreservationView> = z
  .object({
    engaged: z.boolean(),
    summary: z.string(),
    renewsLastMinute: z.number(),
    threshold: z.number(),
    groups: z.array(preservationGroupSchema),
  })
  .meta({ id: "Preservation" });

const registrySummarySchema: z.ZodType<RegistrySummary> = z
  .object({
    name: z.string(),
    zone: z.string(),
    region: z.string(),
    profile: z.enum(["compat", "fast"]),
    synced: z.boolean(),
    draining: z.boolean(),
    startedAt: z.string(),
    cursor: z.string(),
    instances: z.int(),
    apps: z.int(),
    up: z.int(),
    listeners: z.int(),
    held: z.int(),
    overrides: z.int(),
    damped: z.int(),
    probe: z.enum(["off", "tcp", "http"]),
    preservation: preservationSchema,
    peers: z.array(
      z.object({
        url: z.string(),
        state: z.enum(["up", "down", "connecting"]),
        reason: z.string(),
        sinceMs: z.number(),
        queued: z.int(),
        roundTripMs: z.number(),
      }),
    ),
  })
  .meta({ id: "RegistrySummary" });

const overrideViewSchema: z.ZodType<OverrideView> = z
  .object({ app: z.string(), id: z.string(), status, by: z.string(), reason: z.string(), at: z.string() })
  .meta({ id: "Override" });

const registryEventSchema: z.ZodType<RegistryEvent> = z
  .object({
    sequence: z.int(),
    at: z.string(),
    kind: z.enum(registryEventKinds),
    app: z.string(),
    id: z.string(),
    by: z.string(),
    detail: z.string(),
  })
  .meta({ id: "RegistryEvent" });

/** One registry as control finds it. */
const registryStateSchema = z
  .object({
    name: z.string(),
    url: z.string(),
    reachable: z.boolean(),
    /** Why it did not answer; empty when it did. */
    reason: z.string(),
    /** Null when it did not answer. */
    answeredInMs: z.number().nullable(),
    summary: registrySummarySchema.nullable(),
  })
  .meta({ id: "RegistryState" });
export type RegistryState = z.output<typeof registryStateSchema>;

/** Do those that answer list the same? Differences are only told when they last longer than a change takes to travel. */
const agreementSchema = z
  .object({
    /** `alone`: one answers, so there is nothing to compare; `none`: nobody answers. */
    state: z.enum(["agree", "differ", "alone", "none"]),
    /** Large registries are compared by their counts only. */
    compared: z.enum(["instances", "counts"]),
    /** One sentence each, at most twenty. */
    differences: z.array(z.string()),
  })
  .meta({ id: "Agreement" });
export type Agreement = z.output<typeof agreementSchema>;

const discoveryAppSchema = z
  .object({
    app: z.string(),
    instances: z.int(),
    up: z.int(),
    /** Zone name → status → instances there; instances without a zone are under the empty name. */
    zones: z.record(z.string(), statusCounts),
    /** The running versions. */
    serverGroups: z.array(z.string()),
    overridden: z.int(),
    /** Kept although their lease is over. */
    held: z.int(),
  })
  .meta({ id: "DiscoveryApp" });
export type DiscoveryApp = z.output<typeof discoveryAppSchema>;

export const discoveryViewSchema = z
  .object({
    verdict: z.enum(["healthy", "degraded", "down"]),
    /** One sentence for a person: `3 registries agree on 24 instances of 8 apps`. */
    sentence: z.string(),
    /** What is wrong, one line each; empty when healthy. */
    reasons: z.array(z.string()),
    registries: z.array(registryStateSchema),
    agreement: agreementSchema,
    /** Whose list `apps` is made of; null when nobody answers. */
    registry: z.string().nullable(),
    /** ISO 8601 or a cursor: the moment `apps` shows; null: now. */
    at: z.string().nullable(),
    zones: z.array(z.string()),
    instances: z.int(),
    up: z.int(),
    apps: z.array(discoveryAppSchema),
    /** All operators' overrides in force now. */
    overrides: z.array(overrideViewSchema),
  })
  .meta({ id: "Discovery" });
export type DiscoveryView = z.output<typeof discoveryViewSchema>;

const discoveryInstanceSchema = z
  .object({
    app: z.string(),
    id: z.string(),
    /** What callers see. */
    status,
    region: z.string(),
    zone: z.string(),
    address: z.string(),
    port: z.int(),
    application: z.string(),
    serverGroup: z.string(),
    incarnation: z.number(),
    version: z.number(),
    /** Which of the two APIs it registered with. */
    speaks: z.enum(["holdfast", "eureka"]),
    metadata: z.record(z.string(), z.string()),
    override: overrideViewSchema.nullable(),
    /** Null for the past, and for lists of more than 60. */
    lease: z.object({ durationMs: z.number(), expiresInMs: z.number(), held: z.boolean() }).nullable(),
  })
  .meta({ id: "DiscoveryInstance" });
export type DiscoveryInstance = z.output<typeof discoveryInstanceSchema>;

export const discoveryInstancesSchema = z
  .object({ registry: z.string(), at: z.string().nullable(), instances: z.array(discoveryInstanceSchema) })
  .meta({ id: "DiscoveryInstances" });
export type DiscoveryInstances = z.output<typeof discoveryInstancesSchema>;

/** The registry's explanation, and which registry gave it. */
export type DiscoveryWhy = LeaseExplanation & { readonly registry: string };

const probeSchema: z.ZodType<ProbeView> = z.object({
  zone: z.string(),
  verdict: z.enum(["alive", "dead", "silent"]),
  at: z.string(),
  detail: z.string(),
});

export const discoveryWhySchema: z.ZodType<DiscoveryWhy> = z
  .object({
    registry: z.string(),
    app: z.string(),
    id: z.string(),
    state: z.enum(["live", "held", "removed", "unknown"]),
    status: status.nullable(),
    summary: z.string(),
    reasons: z.array(z.string()),
    lease: z
      .object({ durationMs: z.number(), renewedMsAgo: z.number(), expiresInMs: z.number(), via: z.string() })
      .nullable(),
    owner: z.object({ status, incarnation: z.number(), version: z.number() }).nullable(),
    override: overrideViewSchema.nullable(),
    damping: z.object({ flaps: z.int(), untilMs: z.number() }).nullable(),
    probes: z.array(probeSchema),
    protection: preservationGroupSchema.nullable(),
    removal: z.object({ cause: z.string(), at: z.string(), rememberedForMs: z.number() }).nullable(),
    events: z.array(registryEventSchema),
  })
  .meta({ id: "LeaseExplanation" });

export const discoveryEventsSchema = z
  .object({ registry: z.string(), oldest: z.int(), newest: z.int(), events: z.array(registryEventSchema) })
  .meta({ id: "DiscoveryEvents" });
export type DiscoveryEvents = z.output<typeof discoveryEventsSchema>;

export const setOverrideRequestSchema = z
  .strictObject({ status, reason: z.string().trim().min(1).max(1_024) })
  .meta({ id: "SetOverrideRequest" });
export type SetOverrideRequest = z.input<typeof setOverrideRequestSchema>;
