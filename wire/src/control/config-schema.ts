import { z } from "zod";
import { propertyScopeKeys } from "../config.ts";

/** Shapes of control's configuration API. No answer holds a secret: values that name one show the reference. */

const scopeValue = z.string().max(1_024);
const scopeFields = Object.fromEntries(propertyScopeKeys.map((key) => [key, scopeValue.exactOptional()])) as Record<
  (typeof propertyScopeKeys)[number],
  z.ZodExactOptional<z.ZodString>
>;
/** For whom a value counts; lists with commas. An absent scope counts for all. */
export const configScopeSchema = z.strictObject(scopeFields).meta({ id: "ConfigScope" });

// The room checks keys and values to the letter; these bound what is read at all.
const key = z.string().min(1).max(256);
const value = z.string().max(64 * 1024);
const author = z.string().trim().min(1).max(128);
const reason = z.string().trim().max(1_024).default("");
const told = {
  author: author.optional().describe("Who; default: operator."),
  reason: reason.describe("Why; stands in the history."),
};
const name = z.string();
const sentence = z.string();
const at = z.string().describe("ISO 8601.");

export const configPropertySchema = z
  .object({
    key: name,
    value: name,
    scope: configScopeSchema,
    propertyId: name,
    revision: z.int(),
    author: name,
    at,
    reason: name,
    /** The value names a secret; what the process gets is another text. */
    secret: z.boolean(),
    /** A trial of this key that runs. */
    trial: name.nullable(),
  })
  .meta({ id: "ConfigProperty" });
export type ConfigPropertyView = z.output<typeof configPropertySchema>;

export const configViewSchema = z
  .object({
    epoch: name,
    revision: z.int(),
    /** `read-only`: the disk takes no change now; what is known is served on. */
    state: z.enum(["writable", "read-only"]),
    stateReason: sentence,
    /** Of all that match, the first `limit`. */
    properties: z.array(configPropertySchema),
    matching: z.int(),
    total: z.int(),
    /** Processes that listen now. */
    listeners: z.int(),
  })
  .meta({ id: "ConfigView" });
export type ConfigView = z.output<typeof configViewSchema>;

const configEditSchema = z.object({
  key: name,
  scope: configScopeSchema,
  before: name.nullable(),
  after: name.nullable(),
});
export const configEditsSchema = z.array(configEditSchema.meta({ id: "ConfigEdit" }));
export type ConfigEditView = z.output<typeof configEditSchema>;

export const configChangeSchema = z
  .object({
    revision: z.int(),
    at,
    author: name,
    reason: name,
    kind: z.enum(["set", "rollback", "secret", "stage-started", "stage-advanced", "stage-reverted", "stage-completed"]),
    edits: configEditsSchema,
    /** The trial that it belongs to. */
    stage: name.nullable(),
    /** What a rollback did, in words. */
    rollback: sentence.nullable(),
    /** A secret's name and salted fingerprints of what it was and is; its values stand nowhere. */
    secret: z.object({ name, before: name.nullable(), after: name.nullable() }).nullable(),
  })
  .meta({ id: "ConfigChange" });
export type ConfigChangeView = z.output<typeof configChangeSchema>;

export const configSetRequestSchema = z
  .strictObject({
    edits: z
      .array(
        z.strictObject({
          key,
          scope: configScopeSchema.default({}),
          value: value.nullable().describe("null removes the value."),
        }),
      )
      .min(1)
      .max(1_000),
    ...told,
  })
  .meta({ id: "ConfigSetRequest" });

export const configRollbackRequestSchema = z
  .strictObject({
    to: z.int().min(0).optional().describe("Bring everything back to what it was at this revision."),
    undo: z.int().min(1).optional().describe("Undo this one change and leave the later ones."),
    ...told,
  })
  .refine((body) => (body.to === undefined) !== (body.undo === undefined), "needs either to or undo")
  .meta({ id: "ConfigRollbackRequest" });

export const configExplanationSchema = z
  .object({
    key: name,
    value: name.nullable(),
    why: sentence,
    trial: name.nullable(),
    /** The most special first. */
    rows: z.array(z.object({ property: configPropertySchema, matches: z.boolean(), wins: z.boolean(), why: sentence })),
  })
  .meta({ id: "ConfigExplanation" });
export type ConfigExplanationView = z.output<typeof configExplanationSchema>;

export const configExplainAnswerSchema = z
  .object({ context: configScopeSchema, keys: z.array(configExplanationSchema) })
  .meta({ id: "ConfigExplainAnswer" });
export type ConfigExplainAnswer = z.output<typeof configExplainAnswerSchema>;

export const configListenerSchema = z
  .object({
    service: name,
    instance: name,
    zone: name,
    listening: z.boolean(),
    /** Since when it listens. */
    since: at.nullable(),
    /** It was told of everything up to this revision. */
    revision: z.int().nullable(),
  })
  .meta({ id: "ConfigListener" });
export type ConfigListenerView = z.output<typeof configListenerSchema>;

const stepSchema = z.union([
  z.strictObject({ fraction: z.number().gt(0).max(1) }),
  z.strictObject({ zones: z.array(z.string().min(1).max(64)).min(1).max(50) }),
]);
const gateSchema = z.strictObject({
  watchMs: z.int().min(1_000).max(86_400_000),
  requestsMin: z.int().min(0).max(1_000_000),
  errorPointsMax: z.number().min(0).max(100),
  p99RatioMax: z.number().min(1).max(1_000),
  p99FloorMs: z.number().min(0).max(600_000),
});

export const configStageRequestSchema = z
  .strictObject({
    key,
    scope: configScopeSchema.default({}),
    value,
    steps: z.array(stepSchema).min(1).max(10).optional().describe("Default: a tenth, half, all. The last one is all."),
    gate: gateSchema.partial().optional(),
    ...told,
  })
  .meta({ id: "ConfigStageRequest" });

/** Who ends or pushes on a trial, or removes a secret, and why. */
export const configToldSchema = z.strictObject(told).meta({ id: "ConfigTold" });

const figuresSchema = z.object({
  instances: z.int(),
  unhealthy: z.int(),
  requests: z.int(),
  errors: z.int(),
  p99Ms: z.number().nullable(),
});
export type ConfigFiguresView = z.output<typeof figuresSchema>;

export const configStageSchema = z
  .object({
    id: name,
    key: name,
    scope: configScopeSchema,
    value: name,
    author: name,
    reason: name,
    startedAt: at,
    state: z.enum(["running", "reverted", "completed"]),
    /** Each step in words, and the one that runs or ran last, from 0. */
    steps: z.array(name),
    step: z.int(),
    stepAt: at,
    gate: gateSchema,
    /** Why it is as it is. */
    note: sentence,
    /** What the gate saw last. */
    staged: figuresSchema.nullable(),
    others: figuresSchema.nullable(),
  })
  .meta({ id: "ConfigStage" });
export type ConfigStageView = z.output<typeof configStageSchema>;

export const configSecretSchema = z
  .object({
    name,
    /** A salted hash: tells the same from another, and nothing else. */
    fingerprint: name,
    revision: z.int(),
    author: name,
    at,
    /** Keys whose values name it. */
    usedBy: z.array(name),
  })
  .meta({ id: "ConfigSecret" });
export type ConfigSecretView = z.output<typeof configSecretSchema>;

export const configSecretRequestSchema = z
  .strictObject({
    value: z
      .string()
      .min(1)
      .max(64 * 1024),
    ...told,
  })
  .meta({ id: "ConfigSecretRequest" });

export const configRotatedSchema = z.object({ resealed: z.int() }).meta({ id: "ConfigRotated" });

/** Body of Archaius's persisted source. */
export const configPropertiesListSchema = z
  .object({
    propertiesList: z.array(
      z.object({
        key: name,
        value: name,
        propertyId: name,
        serverId: name.nullable(),
        asg: name.nullable(),
        ami: name.nullable(),
        cluster: name.nullable(),
        appId: name.nullable(),
        env: name.nullable(),
        countries: name.nullable(),
        stack: name.nullable(),
        zone: name.nullable(),
        region: name.nullable(),
      }),
    ),
  })
  .meta({ id: "ConfigPropertiesList" });

const servedSchema = z.object({
  key: name,
  value: name,
  scope: configScopeSchema,
  revision: z.int(),
  author: name,
  atMs: z.number(),
  reason: name.optional(),
  trial: z.object({ id: name, settled: name.nullable() }).optional(),
  secret: z.literal(true).optional(),
});
/** What a process gets: see `ConfigSnapshot` and `ConfigChange` of this package's root. */
export const configSnapshotSchema = z
  .object({ epoch: name, revision: z.int(), properties: z.array(servedSchema) })
  .meta({ id: "ConfigSnapshot" });
export const configServedChangeSchema = z
  .object({ revision: z.int(), set: z.array(servedSchema), removed: z.array(name) })
  .meta({ id: "ConfigServedChange" });
