import { readFileSync } from "node:fs";
import { messageOf, OptionError, PlatformError } from "@holdfast/kernel";
import { type ScalingPolicyInput } from "@holdfast/wire/autoscale";
import { type AutoscaleChange, autoscaleRequestSchema } from "@holdfast/wire/control";

/** What one `--policy` can be: the members are checked afterwards, all together. */
interface Written {
  readonly policies: unknown[];
  readonly scheduled: unknown[];
}

const shorthand = /^(?<kind>predict:)?(?<metric>[A-Za-z][A-Za-z0-9_.]*)=(?<target>\d+(?:\.\d+)?)$/;

/**
 * Reads all `--policy` of a command: `METRIC=TARGET` is target tracking, `predict:METRIC=TARGET` predictive scaling that
 * scales; what begins with a brace or bracket is JSON; anything else a file of it (one policy, a list of them, or
 * `{ policies, scheduled }`).
 *
 * @throws OptionError, PlatformError `POLICY_INVALID` with every fault and its path.
 */
export function readPolicies(texts: readonly string[]): AutoscaleChange {
  const all: Written = { policies: [], scheduled: [] };
  const lists = { policies: false, scheduled: false };
  for (const text of texts) {
    const { policies, scheduled } = readOne(text);
    lists.policies ||= policies !== undefined;
    lists.scheduled ||= scheduled !== undefined;
    all.policies.push(...(policies ?? []));
    all.scheduled.push(...(scheduled ?? []));
  }
  const result = autoscaleRequestSchema.safeParse({
    ...(lists.policies ? { policies: all.policies } : {}),
    ...(lists.scheduled ? { scheduled: all.scheduled } : {}),
  });
  if (result.success) return result.data;
  const faults = result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new PlatformError("POLICY_INVALID", faults.join("; "), { status: 400, next: "docs/autoscaling.md" });
}

function readOne(text: string): Partial<Written> {
  const { kind, metric, target } = shorthand.exec(text)?.groups ?? {};
  if (metric !== undefined) return { policies: [shortPolicy(kind !== undefined, metric, Number(target))] };
  const value = /^\s*[[{]/.test(text) ? parse(text, "--policy") : parse(readFile(text), text);
  if (Array.isArray(value)) return { policies: value };
  const fields = (value ?? {}) as Record<string, unknown>;
  if (!("policies" in fields) && !("scheduled" in fields)) return { policies: [value] };
  const { policies, scheduled } = fields;
  return {
    ...(Array.isArray(policies) ? { policies } : {}),
    ...(Array.isArray(scheduled) ? { scheduled } : {}),
  };
}

function shortPolicy(isPredictive: boolean, metric: string, targetValue: number): ScalingPolicyInput {
  return isPredictive
    ? { name: `predict-${metric}`, policyType: "PredictiveScaling", mode: "ForecastAndScale", metric, targetValue }
    : { name: `track-${metric}`, policyType: "TargetTrackingScaling", metric, targetValue };
}

function readFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new OptionError("--policy", `METRIC=TARGET, JSON, or a file that can be read (${messageOf(error)})`, path);
  }
}

function parse(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new PlatformError("POLICY_INVALID", `${where}: is not JSON (${messageOf(error)})`, {
      status: 400,
      next: "docs/autoscaling.md",
    });
  }
}
