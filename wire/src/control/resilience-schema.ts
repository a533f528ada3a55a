import { z } from "zod";
import type {
  AttemptReport,
  BalancerReport,
  CallerReport,
  CallReport,
  CircuitChangeReport,
  CommandReport,
  EjectionReport,
  LatencyReport,
  ResilienceReport,
  ResilienceView,
  ServerReport,
} from "../resilience.ts";

/** Shapes of control's resilience API: circuits and balancers of all instances. What instances say is checked by them, too. */

/** One instance's lists are no longer than this, or something is wrong with it. */
const commandsMax = 5_000;
const serversMax = 20_000;
const name = z.string().max(512);
const sentence = z.string().max(2_048);
const state = z.enum(["closed", "open", "half-open", "forced-open", "forced-closed", "disabled"]);

const latencySchema: z.ZodType<LatencyReport> = z
  .object({ mean: z.number(), p50: z.number(), p90: z.number(), p99: z.number(), p995: z.number() })
  .meta({ id: "LatencyReport" });

const circuitChangeSchema: z.ZodType<CircuitChangeReport> = z
  .object({
    at: z.string(),
    to: z.enum(["closed", "open", "half-open"]),
    why: sentence,
    requests: z.int(),
    errors: z.int(),
    errorPercentage: z.number(),
  })
  .meta({ id: "CircuitChange" });

const commandSchema: z.ZodType<CommandReport> = z
  .object({
    key: name,
    group: name,
    state,
    why: sentence,
    trialInMs: z.number().nullable(),
    requests: z.int(),
    errors: z.int(),
    errorPercentage: z.number(),
    windowMs: z.number(),
    active: z.int(),
    limit: z.int().nullable(),
    events: z.record(name, z.int()),
    latencyMs: latencySchema,
    history: z.array(circuitChangeSchema).max(100),
    properties: z.record(name, z.union([z.string(), z.number(), z.boolean()])),
  })
  .meta({ id: "CommandReport" });

const serverSchema: z.ZodType<ServerReport> = z
  .object({
    instance: name,
    zone: name,
    origin: name,
    outstanding: z.int(),
    ewmaMs: z.number(),
    requests: z.int(),
    failures: z.int(),
    weight: z.number(),
    ejected: z.object({ forMs: z.number(), why: sentence, times: z.int() }).nullable(),
  })
  .meta({ id: "ServerReport" });

const ejectionSchema: z.ZodType<EjectionReport> = z
  .object({ at: z.string(), instance: name, what: z.enum(["ejected", "returned"]), why: sentence })
  .meta({ id: "EjectionReport" });

const attemptSchema: z.ZodType<AttemptReport> = z
  .object({
    instance: name,
    zone: name,
    startedMs: z.number(),
    tookMs: z.number(),
    kind: z.enum(["first", "retry", "hedge"]),
    outcome: name,
  })
  .meta({ id: "AttemptReport" });

const callSchema: z.ZodType<CallReport> = z
  .object({
    at: z.string(),
    method: name,
    path: z.string().max(16_384),
    tookMs: z.number(),
    outcome: name,
    attempts: z.array(attemptSchema).max(100),
  })
  .meta({ id: "CallReport" });

const balancerSchema: z.ZodType<BalancerReport> = z
  .object({
    app: name,
    picker: name,
    zone: name.nullable(),
    why: sentence,
    panic: z.boolean(),
    calls: z.int(),
    retries: z.int(),
    hedges: z.int(),
    budgetRefused: z.int(),
    budgetLeft: z.number(),
    servers: z.array(serverSchema).max(serversMax),
    history: z.array(ejectionSchema).max(1_000),
    attempts: z.array(callSchema).max(1_000),
  })
  .meta({ id: "BalancerReport" });

/** What one instance says on its admin port. */
export const resilienceReportSchema: z.ZodType<ResilienceReport> = z.object({
  commands: z.array(commandSchema).max(commandsMax),
  balancers: z.array(balancerSchema).max(commandsMax),
});

const callerSchema: z.ZodType<CallerReport> = z
  .object({
    service: name,
    instance: name,
    zone: name,
    commands: z.array(commandSchema),
    balancers: z.array(balancerSchema),
  })
  .meta({ id: "CallerReport" });

export const resilienceViewSchema: z.ZodType<ResilienceView> = z
  .object({
    at: z.string(),
    callers: z.array(callerSchema),
    silent: z.array(z.object({ service: name, instance: name, why: sentence })),
  })
  .meta({ id: "ResilienceView" });
