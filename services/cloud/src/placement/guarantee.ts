import type { CapacityGroup, Guarantee } from "./host-plan.ts";
import { amountText } from "./resources.ts";

const guaranteed = ["milliCpu", "memoryBytes"] as const;

/** A capacity group and what its services hold. */
export interface GroupUse {
  readonly group: CapacityGroup;
  readonly used: Guarantee;
}

/**
 * Why a task may not have what is free: it is kept for others. `undefined`: it may.
 *
 * What a group has not used of its guarantee is kept for it: from `flex` in any case, from `critical` only when the group is
 * critical itself. Nobody is refused what the own guarantee holds. Sums over all hosts are looked at, not single hosts: what
 * is kept may lie in pieces.
 *
 * `free`: what is free on all hosts, and on those that could be added.
 */
export function keptForOthers(
  request: Guarantee,
  own: string | undefined,
  groups: readonly GroupUse[],
  free: Guarantee,
): string | undefined {
  const mine = groups.find(({ group }) => group.name === own);
  if (mine !== undefined && guaranteed.every((kind) => mine.used[kind] + request[kind] <= mine.group.guarantee[kind])) {
    return undefined;
  }
  const rivals = groups.filter(
    ({ group }) => group.name !== own && (mine?.group.tier !== "critical" || group.tier === "critical"),
  );
  for (const kind of guaranteed) {
    if (request[kind] === 0) continue;
    const kept = rivals
      .map(({ group, used }) => ({ name: group.name, amount: Math.max(0, group.guarantee[kind] - used[kind]) }))
      .filter(({ amount }) => amount > 0);
    const sum = kept.reduce((all, { amount }) => all + amount, 0);
    if (sum === 0 || free[kind] - sum >= request[kind]) continue;
    const names = kept.map(({ name }) => name).join(" and ");
    const text = `${amountText(kind, sum)} of the ${amountText(kind, free[kind])} that are free`;
    return `${text} are kept for the capacity group ${names}`;
  }
  return undefined;
}
