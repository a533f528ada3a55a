import { PlatformError } from "@holdfast/kernel";
import { type NetworkFault, networkFaultKinds } from "@holdfast/wire";

const blockPattern = /^127\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\/(\d{1,2}))?$/;
const idPattern = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;
const pairsMax = 2_000;

/**
 * Takes a fault from outside only when every part of it is what it should be: it becomes part of a script.
 *
 * @throws PlatformError `FAULT_INVALID` (400) naming the part.
 */
export function checkFault(value: unknown): NetworkFault {
  const fault = value as Partial<NetworkFault> | null;
  if (typeof fault !== "object" || fault === null) throw invalid("fault", "an object", value);
  const { id, kind, pairs } = fault;
  if (typeof id !== "string" || !idPattern.test(id)) throw invalid("id", "1 to 40 of a-z, 0-9 and dashes", id);
  if (kind === undefined || !networkFaultKinds.includes(kind)) {
    throw invalid("kind", networkFaultKinds.join(", "), kind);
  }
  if (!Array.isArray(pairs) || pairs.length === 0 || pairs.length > pairsMax) {
    throw invalid("pairs", `1 to ${pairsMax} pairs`, Array.isArray(pairs) ? pairs.length : pairs);
  }
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2 || !pair.every(isBlock)) {
      throw invalid("pairs", "pairs of blocks such as 127.1.2.0/24", JSON.stringify(pair));
    }
  }
  return { id, kind, pairs: pairs.map(([from, to]) => [from, to] as const), ...measure(kind, fault) };
}

function measure(kind: NetworkFault["kind"], fault: Partial<NetworkFault>): Partial<NetworkFault> {
  const { lossPercent, delayMs, bitsPerSecond } = fault;
  switch (kind) {
    case "loss":
      return { lossPercent: between("lossPercent", lossPercent, 0.01, 100) };
    case "delay":
      return { delayMs: Math.round(between("delayMs", delayMs, 1, 10_000)) };
    case "bandwidth":
      return { bitsPerSecond: Math.round(between("bitsPerSecond", bitsPerSecond, 8_000, 1e11)) };
    default:
      return {};
  }
}

function between(name: string, value: unknown, least: number, most: number): number {
  if (typeof value === "number" && value >= least && value <= most) return value;
  throw invalid(name, `a number from ${least} to ${most}`, value);
}

function isBlock(text: unknown): boolean {
  if (typeof text !== "string") return false;
  const match = blockPattern.exec(text);
  if (match === null) return false;
  const [, a, b, c, bits = "32"] = match;
  return [a, b, c].every((part) => Number(part) <= 255) && Number(bits) >= 8 && Number(bits) <= 32;
}

function invalid(part: string, wanted: string, got: unknown): PlatformError {
  return new PlatformError("FAULT_INVALID", `${part}: must be ${wanted}, got ${String(got).slice(0, 100)}`, {
    status: 400,
    next: "holdfast fault add --help",
  });
}
