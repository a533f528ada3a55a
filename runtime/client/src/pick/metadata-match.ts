import { numberBetween } from "@holdfast/kernel";
import { placeOf, spread32 } from "./spread.ts";

interface Described {
  readonly metadata: Readonly<Record<string, string>>;
}

/** What happens when no server matches: `any` takes all of them, `none` leaves the call without a server. */
export type MatchFallback = "any" | "none";

/**
 * The servers whose metadata have all of `wanted`, in the order of the list; the list itself when all do, or when none
 * does and the fallback is `any`.
 */
export function matching<S extends Described>(
  servers: readonly S[],
  wanted: Readonly<Record<string, string>>,
  fallback: MatchFallback,
): readonly S[] {
  const pairs = Object.entries(wanted);
  const matched = servers.filter(({ metadata }) => pairs.every(([key, value]) => valueOf(metadata, key) === value));
  if (matched.length === servers.length || (matched.length === 0 && fallback === "any")) return servers;
  return matched;
}

/** Servers with one value of a metadata key, and how many of the calls they get: all shares together are 1. */
export interface ServerGroup<S> {
  /** `undefined`: the servers with none of the named values. */
  readonly value: string | undefined;
  readonly servers: readonly S[];
  readonly share: number;
}

/**
 * Splits servers by the metadata `key`: those with a value named in `shares` (0 to 1; `{ b: 0.05 }` is a canary of 5 %) get
 * that share, however many servers they are; all others together the rest. What would go to a group without servers goes
 * to the others, in proportion to their shares; when these are 0 too, in proportion to servers. A group is left out when
 * it has no servers or no share; so the result is empty only for an empty list. Groups come in the order of `shares`.
 *
 * @throws OptionError when a share is not from 0 to 1, or all of them are more than 1.
 */
export function groupsOf<S extends Described>(
  servers: readonly S[],
  key: string,
  shares: Readonly<Record<string, number>>,
): readonly ServerGroup<S>[] {
  const named = new Map(Object.entries(shares));
  let sum = 0;
  for (const [value, share] of named) sum += numberBetween(`${key}.${value}`, share, 0, 1);
  // Thirds and tenths add up to a little more than 1.
  numberBetween(`${key}: sum of shares`, sum, 0, 1 + 1e-9);
  const lists = new Map<string | undefined, S[]>();
  for (const server of servers) {
    const value = valueOf(server.metadata, key);
    const group = value !== undefined && named.has(value) ? value : undefined;
    const list = lists.get(group);
    if (list === undefined) lists.set(group, [server]);
    else list.push(server);
  }
  const groups = [...named, [undefined, Math.max(0, 1 - sum)] as const].flatMap(([value, share]) => {
    const list = lists.get(value);
    return list === undefined ? [] : [{ value, servers: list, share }];
  });
  let present = 0;
  for (const { share } of groups) present += share;
  return groups
    .map((group) => ({
      ...group,
      share: present > 0 ? group.share / present : group.servers.length / servers.length,
    }))
    .filter(({ share }) => share > 0);
}

/**
 * One group by its share. `point`, from 0 to below 1, is a random number or {@link pointOfUser}: then each user stays with
 * one version, and when the share of the only named group grows, it keeps the users it has.
 */
export function groupAt<S>(groups: readonly ServerGroup<S>[], point: number): ServerGroup<S> | undefined {
  let left = point;
  let last: ServerGroup<S> | undefined;
  for (const group of groups) {
    last = group;
    left -= group.share;
    if (left < 0) return group;
  }
  return last;
}

/** A user's own number from 0 to below 1. Not its place on the hash ring: a canary's users would share a corner of that. */
export function pointOfUser(key: string): number {
  return spread32(placeOf(key) ^ 0x5bd1e995) / 2 ** 32;
}

/** Heaviest that a server can make itself. */
const weightMax = 100;

/** The weight a server gives itself (metadata `weight`): more than 0, 100 at most; 1 when it says nothing that makes sense. */
export function metadataWeight({ metadata }: Described): number {
  const text = valueOf(metadata, "weight");
  const weight = text === undefined || text.trim() === "" ? Number.NaN : Number(text);
  return weight > 0 ? Math.min(weightMax, weight) : 1;
}

function valueOf(metadata: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(metadata, key) ? metadata[key] : undefined;
}
