import { PlatformError } from "@holdfast/kernel";
import { parseNameOrThrow } from "./names.ts";
import { checkName, checkNameWithHyphen, containsPush, notEmpty } from "./validation.ts";

/** What a load balancer is named after. An empty part is as good as none. */
export interface LoadBalancerNameParts {
  readonly appName: string;
  readonly stack?: string | null;
  readonly detail?: string | null;
}

/** What a server group is named after: the parts, and the labelled variables at the end in this order. */
export interface GroupNameParts extends LoadBalancerNameParts {
  readonly countries?: string | null;
  readonly devPhase?: string | null;
  readonly hardware?: string | null;
  readonly partners?: string | null;
  readonly revision?: string | null;
  readonly usedBy?: string | null;
  readonly redBlackSwap?: string | null;
  readonly zoneVar?: string | null;
}

const variables = [
  ["c", "countries"],
  ["d", "devPhase"],
  ["h", "hardware"],
  ["p", "partners"],
  ["r", "revision"],
  ["u", "usedBy"],
  ["w", "redBlackSwap"],
  ["z", "zoneVar"],
] as const;
const plainParts = ["appName", "stack", ...variables.map(([, field]) => field)] as const;
const sequencesMax = 1_000;

/**
 * `app-stack-detail`, `app-stack`, `app--detail` or `app`, with `-c0us-d0prod…` behind it: a cluster's name, and a
 * server group's before its version.
 *
 * @param doValidation default false: only an empty `appName` is refused.
 * @throws PlatformError `NAME_EMPTY`, `NAME_CHARACTERS` (a part has others than it may), `NAME_HAS_VERSION` (a stack or
 * detail that would read as a version).
 */
export function buildGroupName(parts: GroupNameParts, doValidation = false): string {
  const base = combine(parts);
  if (doValidation) validate(parts);
  return base + variables.map(([label, field]) => (parts[field] ? `-${label}0${parts[field]}` : "")).join("");
}

/** @throws PlatformError `NAME_EMPTY`. */
export function buildLoadBalancerName(parts: LoadBalancerNameParts): string {
  return combine(parts);
}

/**
 * The name after `group` in its cluster: `app-v004` after `app-v003`, `app-v000` after `app` and after `app-v999`.
 *
 * @throws PlatformError `NAME_INVALID`.
 */
export function buildNextGroupName(group: string): string {
  const { cluster, sequence } = parseNameOrThrow(group);
  const next = sequence === null ? 0 : sequence + 1;
  return `${cluster}-v${String(next >= sequencesMax ? 0 : next).padStart(3, "0")}`;
}

function combine({ appName, stack, detail }: LoadBalancerNameParts): string {
  notEmpty(appName, "appName");
  if (detail) return `${appName}-${stack ?? ""}-${detail}`;
  return stack ? `${appName}-${stack}` : appName;
}

function validate(parts: GroupNameParts): void {
  for (const field of plainParts) {
    const value = parts[field];
    if (value && !checkName(value)) throw badCharacters(field, value, "letters, digits, dots and underscores");
  }
  const { stack, detail } = parts;
  if (detail && !checkNameWithHyphen(detail)) {
    throw badCharacters("detail", detail, "letters, digits, dots, underscores, hyphens, ~ and ^");
  }
  if (stack && containsPush(stack)) throw versionInside("stack", stack);
  if (detail && containsPush(detail)) throw versionInside("detail", detail);
}

function badCharacters(field: string, value: string, allowed: string): PlatformError {
  return new PlatformError("NAME_CHARACTERS", `${field} ${JSON.stringify(value)} has characters a name may not have`, {
    next: `write it with ${allowed} only`,
    details: { field, value },
    status: 400,
  });
}

function versionInside(field: string, value: string): PlatformError {
  return new PlatformError("NAME_HAS_VERSION", `${field} cannot contain a push version`, {
    next: "leave v and three to six digits out of it: the version is counted for you",
    details: { field, value },
    status: 400,
  });
}
