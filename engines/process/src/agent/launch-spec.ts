import { isAbsolute } from "node:path";
import { PlatformError, parseInstanceId } from "@holdfast/kernel";
import type { LaunchSpec } from "@holdfast/wire";

type Fields = Readonly<Record<string, unknown>>;

/** Container engines refuse less, and nothing starts in it. */
const memoryBytesMin = 6 * 1_048_576;

/**
 * Checks a launch order from outside, as a whole.
 *
 * @throws PlatformError `SPEC_INVALID` (400) naming every field that cannot be used.
 */
export function parseLaunchSpec(body: unknown): LaunchSpec {
  const faults: string[] = [];
  const spec = fieldsOf(body, "spec", faults);
  const zone = fieldsOf(spec["zone"], "zone", faults);
  const health = fieldsOf(spec["health"], "health", faults);
  const env = fieldsOf(spec["env"], "env", faults);
  const need = (name: string, good: boolean, what: string): void => {
    if (!good) faults.push(`${name}: must be ${what}`);
  };
  need("id", typeof spec["id"] === "string" && parseInstanceId(spec["id"]) !== undefined, "an instance id");
  for (const name of ["kind", "application", "service", "cluster", "serverGroup", "address", "run"]) {
    need(name, typeof spec[name] === "string" && spec[name] !== "", "a text");
  }
  need("image", typeof spec["image"] === "string" && isAbsolute(spec["image"]), "an absolute path");
  for (const name of ["port", "adminPort"]) need(name, isWhole(spec[name], 1, 65_535), "a port");
  need("drainMs", isWhole(spec["drainMs"], 0, 3_600_000), "milliseconds up to an hour");
  need("logBytesMax", isWhole(spec["logBytesMax"], 1, 2 ** 40), "a number of bytes");
  need("zone.name", typeof zone["name"] === "string", "a text");
  need("zone.regionName", typeof zone["regionName"] === "string", "a text");
  need(
    "env",
    Object.values(env).every((value) => typeof value === "string"),
    "texts only",
  );
  need("health.kind", ["auto", "http", "tcp"].includes(String(health["kind"])), "auto, http or tcp");
  const { path } = health;
  need("health.path", path === undefined || (typeof path === "string" && path.startsWith("/")), "a path from /");
  for (const name of ["intervalMs", "timeoutMs", "startTimeoutMs", "unhealthyAfter"]) {
    need(`health.${name}`, isWhole(health[name], 1, 86_400_000), "a whole number from 1");
  }
  if (spec["resources"] !== undefined) {
    const { cpu, memoryBytes } = fieldsOf(spec["resources"], "resources", faults);
    const cores = cpu === undefined || (typeof cpu === "number" && cpu > 0 && cpu <= 1_024);
    need("resources.cpu", cores, "cores, more than 0 and at most 1024");
    const memory = memoryBytes === undefined || isWhole(memoryBytes, memoryBytesMin, 2 ** 50);
    need("resources.memoryBytes", memory, `bytes from ${memoryBytesMin}`);
  }
  if (faults.length > 0) {
    throw new PlatformError("SPEC_INVALID", `launch order: ${faults.join("; ")}`, { status: 400, details: { faults } });
  }
  return body as LaunchSpec;
}

function fieldsOf(value: unknown, name: string, faults: string[]): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  faults.push(`${name}: must be an object`);
  return {};
}

function isWhole(value: unknown, min: number, max: number): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= min && value <= max;
}
