import { parseBytes, parseDurationMs } from "@holdfast/kernel";
import { z } from "zod";
import { scalingPolicySchema } from "../autoscale/policy.ts";
import { scheduledActionSchema } from "../autoscale/schedule.ts";
import { healthCheckTypes, httpHealthCheckDefaults as http, httpMatcherPattern } from "../group-words.ts";
import { capacityGroupsSchema, constraintsSchema, hostsSchema, packingSchema, placementFaults } from "./hosts.ts";

/**
 * The application file's one schema: source of the TypeScript types, the JSON Schema, the YAML twin and the API body.
 * Only `services.<name>.run` is required.
 */

const namePattern = /^[a-z][a-z0-9]{0,31}(?:-[a-z0-9]{1,31}){0,3}$/;
const name = z
  .string()
  .regex(namePattern, "must be lower-case words joined by dashes, such as `movie-ratings`")
  .describe("Lower-case words joined by dashes.");

const duration = z
  .union([z.string(), z.number()])
  .refine((value) => parseDurationMs(value) !== undefined, "must be a duration such as `500ms`, `2s`, `1m`")
  .describe("`500ms`, `2s`, `1m`, or a number of milliseconds.");

/** A duration between two bounds in ms. */
function durationFrom(min: number, max: number) {
  return duration.refine(
    (value) => {
      const ms = parseDurationMs(value);
      return ms === undefined || (ms >= min && ms <= max);
    },
    `must be from ${min / 1_000} s to ${max / 1_000} s`,
  );
}

const threshold = z.int().min(1).max(10);

const httpCheck = z
  .strictObject({
    path: z
      .string()
      .regex(/^\/[^\s]*$/, "must be a path that starts with /")
      .describe("Asked on its own port."),
    interval: durationFrom(1_000, 300_000).default("5s").describe("Between two questions, 1 s to 5 min."),
    timeout: durationFrom(100, 120_000).default("2s").describe("An answer that takes longer is none."),
    healthyThreshold: threshold.default(http.healthyThreshold).describe("Good answers in a row that make it well."),
    unhealthyThreshold: threshold.default(http.unhealthyThreshold).describe("Bad answers in a row that make it sick."),
    matcher: z
      .string()
      .regex(httpMatcherPattern, "must be statuses such as `200`, `200,204` or `200-299`")
      .default(http.matcher)
      .describe("Statuses that are good answers."),
  })
  .describe("What the check `http` asks each instance, from inside of its zone.");

const health = z
  .strictObject({
    path: z
      .string()
      .regex(/^\/[^\s]*$/, "must be a path that starts with /")
      .optional()
      .describe("HTTP path that answers 2xx when the service can serve. Without it a TCP connect decides."),
    interval: duration.default("3s").describe("Time between checks."),
    timeout: duration.default("1s").describe("A check that takes longer has failed."),
    startTimeout: duration.default("30s").describe("An instance not healthy so long after its start is replaced."),
    unhealthyAfter: z.int().min(1).max(20).default(2).describe("Failed checks in a row until it is replaced."),
    checks: z
      .array(z.enum(healthCheckTypes))
      .max(4)
      .optional()
      .describe(
        "Whose word counts beside the zone's own check (`process`): `registry`, `http` (see `http`), `balancer`. Default: nobody's.",
      ),
    grace: duration.optional().describe("No replacement for failing checks so soon after it first served. Default: 0."),
    http: httpCheck.optional(),
  })
  .describe("How to see from outside whether an instance can serve.");

const scale = z
  .strictObject({
    min: z.int().min(0).max(99).optional().describe("Never fewer instances. Default: the number of zones."),
    desired: z.int().min(0).max(99).optional().describe("Instances to start with. Default: `min`."),
    max: z.int().min(0).max(99).optional().describe("Never more instances. Default: the larger of 9 and `desired`."),
    policies: z.array(scalingPolicySchema).max(50).optional().describe("How the number follows the load."),
    scheduled: z.array(scheduledActionSchema).max(125).optional().describe("Sizes at set times."),
  })
  .superRefine((value, context) => {
    const { min, desired, max } = value;
    if (min !== undefined && max !== undefined && max < min) {
      context.addIssue({ code: "custom", path: ["max"], message: `must be at least min (${min}), got ${max}` });
    }
    for (const kind of ["policies", "scheduled"] as const) {
      const names = (value[kind] ?? []).map((item) => item.name);
      const twice = names.findIndex((item, index) => names.indexOf(item) !== index);
      if (twice < 0) continue;
      context.addIssue({
        code: "custom",
        path: [kind, twice, "name"],
        message: `is there already: ${names[twice] ?? ""}`,
      });
    }
    if (desired === undefined) return;
    if ((min !== undefined && desired < min) || (max !== undefined && desired > max)) {
      context.addIssue({
        code: "custom",
        path: ["desired"],
        message: `must be from min (${min ?? 0}) to max (${max ?? 99}), got ${desired}`,
      });
    }
  })
  .describe("How many instances, spread evenly over the zones.");

/** Container engines refuse less, and nothing starts in it. */
const memoryBytesMin = 6 * 1_048_576;

const resources = z
  .strictObject({
    cpu: z.number().positive().max(1_024).optional().describe("Cores at most: 0.5 is half of one."),
    memory: z
      .union([z.string(), z.number()])
      .refine(
        (value) => (parseBytes(value) ?? 0) >= memoryBytesMin,
        "must be a size from 6MiB, such as `256MiB`, `1GiB`",
      )
      .optional()
      .describe(
        "`256MiB`, `1GiB`, or bytes. An instance that takes more is killed, told as OUT_OF_MEMORY, and replaced.",
      ),
    disk: z
      .union([z.string(), z.number()])
      .refine((value) => (parseBytes(value) ?? -1) >= 0, "must be a size such as `10GiB`")
      .optional()
      .describe("What it takes of its host's disk, where hosts are declared; not enforced."),
    network: z
      .number()
      .nonnegative()
      .optional()
      .describe("Mbit/s that it takes of its host's, where hosts are declared; not enforced."),
  })
  .describe(
    "What each instance may use at most, and what it takes of its host. Limits need root and control groups, or a container engine.",
  );

const service = z
  .strictObject({
    run: z
      .string()
      .trim()
      .min(1, "must be a command such as `node server.js`")
      .max(4_096)
      .describe("The command that starts one instance. It must listen on HOST and PORT from its environment."),
    directory: z.string().min(1).optional().describe("Working directory, relative to the application file."),
    bundle: z
      .boolean()
      .default(false)
      .describe("Bundle the script of a `node <script>` command into one file when the image is made."),
    sidecar: z
      .boolean()
      .default(false)
      .describe(
        "Run it behind a sidecar: for programs in any language. It listens on HOST and PORT as before, is registered, checked and drained, and calls others at HOLDFAST_SIDECAR.",
      ),
    env: z.record(z.string().min(1), z.string()).default({}).describe("More environment for each instance."),
    health: health.optional(),
    scale: scale.optional(),
    resources: resources.optional(),
    constraints: constraintsSchema.optional(),
    packing: packingSchema.optional(),
    capacityGroup: z.string().optional().describe("The capacity group whose guarantee it shares."),
    engine: z
      .literal("process")
      .optional()
      .describe("Run it as a process also with `up --engine container`: for programs that need more than Node."),
    drain: duration.default("10s").describe("Longest time an instance gets to finish its requests when it is stopped."),
  })
  .describe("One service: a command, run as several instances.");

const route = z
  .strictObject({
    match: z
      .string()
      .regex(/^\/(?:[^\s*]*)(?:\*\*)?$/, "must be a path such as `/api/**` or `/about`")
      .describe("A path; `/**` at its end means all paths below."),
    to: name.describe("The service that answers."),
    timeout: duration.default("10s").describe("Whole time for a request at the edge."),
    stripPrefix: z.boolean().default(false).describe("Take the matched prefix off before passing the path on."),
  })
  .describe("Which paths at the edge go to which service.");

const zoneNames = z.union([z.int().min(1).max(9), z.array(name).min(1).max(9)]);

export const applicationSchema = z
  .strictObject({
    $schema: z.string().optional().describe("For editors."),
    name: name.optional().describe("Default: the directory's name."),
    regions: z
      .record(name, z.strictObject({ zones: zoneNames.default(3) }))
      .optional()
      .describe("Regions and their zones. Default: one region of three zones."),
    environment: z
      .enum(["dev", "test", "prod"])
      .default("dev")
      .describe("Which environment instances are told they are in."),
    services: z
      .record(name, service)
      .refine((value) => Object.keys(value).length > 0, "must name at least one service")
      .describe("The services, by the name callers use."),
    hosts: hostsSchema.optional(),
    capacityGroups: capacityGroupsSchema.optional().describe("Who is guaranteed how much of the hosts."),
    routes: z.array(route).optional().describe("The edge's routes. Default: everything to the first service."),
  })
  .superRefine((value, context) => {
    for (const [index, item] of (value.routes ?? []).entries()) {
      if (item.to in value.services) continue;
      const known = Object.keys(value.services).join(", ");
      context.addIssue({
        code: "custom",
        path: ["routes", index, "to"],
        message: `names no service; known: ${known}`,
      });
    }
    for (const { path, message } of placementFaults(value)) context.addIssue({ code: "custom", path, message });
    for (const reserved of ["registry", "gateway", "balancer", "control"]) {
      if (!(reserved in value.services)) continue;
      context.addIssue({
        code: "custom",
        path: ["services", reserved],
        message: "is the name of a server of the platform; take another",
      });
    }
  })
  .describe("A Holdfast application.");

/** What a person writes. */
export type ApplicationInput = z.input<typeof applicationSchema>;
/** The same with every default filled in. */
export type Application = z.output<typeof applicationSchema>;
export type ServiceDefinition = Application["services"][string];

/** The JSON Schema (draft 2020-12) of the application file, for editors and `holdfast app schema`. */
export function applicationJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(applicationSchema, { io: "input", target: "draft-2020-12" }) as Record<string, unknown>;
}

export interface ApplicationFault {
  /** Keys and indexes down to the faulty value. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

export type ApplicationParse =
  | { readonly kind: "ok"; readonly application: Application }
  | { readonly kind: "faults"; readonly faults: readonly ApplicationFault[] };

/** Checks a value from a file or an API body and gives either the application or all its faults at once. */
export function parseApplication(value: unknown): ApplicationParse {
  const result = applicationSchema.safeParse(value);
  if (result.success) return { kind: "ok", application: result.data };
  const faults: ApplicationFault[] = [];
  for (const issue of result.error.issues) {
    const path = issue.path.map((key) => (typeof key === "symbol" ? String(key) : key));
    if (issue.code === "unrecognized_keys") {
      for (const key of issue.keys) faults.push({ path: [...path, key], message: "is not a known field" });
    } else {
      faults.push({ path, message: issue.message });
    }
  }
  return { kind: "faults", faults };
}
