import type { NetworkFault } from "@holdfast/wire";

const table = "inet holdfast";
/** Devices that delay; what comes out of them has had its delay. */
export const delayDevice = "hfd";

/** A fault and how long it may stay without word from anybody, in ms. */
export interface LeasedFault {
  readonly fault: NetworkFault;
  readonly leaseMs: number;
}

/**
 * One transaction that makes the kernel's rules those of `faults`, whatever they were: `nft -f -`.
 *
 * A fault has a set of its own (sets refuse blocks that overlap, and two faults may) and a counter. The elements carry the
 * lease as a timeout of the kernel's: a fault ends by itself when nobody renews it, though all of us be dead.
 *
 * @param gone ids of faults that the kernel may still have.
 */
export function rulesOf(faults: readonly LeasedFault[], gone: readonly string[]): string {
  const lines = [
    `add table ${table}`,
    `add chain ${table} early { type filter hook prerouting priority -150; policy accept; }`,
    `add chain ${table} between { type filter hook forward priority 0; policy accept; }`,
    `flush chain ${table} early`,
    `flush chain ${table} between`,
  ];
  for (const { fault, leaseMs } of faults) lines.push(...setOf(fault, leaseMs), ...ruleOf(fault));
  for (const id of gone) {
    // Adding what may not be there makes it safe to delete.
    lines.push(`add set ${table} ${setName(id)} ${setType}`, `delete set ${table} ${setName(id)}`);
    lines.push(`add counter ${table} ${counterName(id)}`, `delete counter ${table} ${counterName(id)}`);
  }
  return `${lines.join("\n")}\n`;
}

const setType = "{ type ipv4_addr . ipv4_addr; flags interval,timeout; }";

function setOf(fault: NetworkFault, leaseMs: number): string[] {
  const name = setName(fault.id);
  const elements = fault.pairs.map(([from, to]) => `${from} . ${to} timeout ${Math.max(1, Math.ceil(leaseMs))}ms`);
  return [
    `add set ${table} ${name} ${setType}`,
    `add counter ${table} ${counterName(fault.id)}`,
    `flush set ${table} ${name}`,
    `add element ${table} ${name} { ${elements.join(", ")} }`,
  ];
}

function ruleOf(fault: NetworkFault): string[] {
  const met = `ip saddr . ip daddr @${setName(fault.id)}`;
  const counted = `counter name ${counterName(fault.id)}`;
  switch (fault.kind) {
    case "partition":
      return [`add rule ${table} between ${met} ${counted} drop`];
    case "refuse":
      return [
        `add rule ${table} between ${met} meta l4proto tcp ${counted} reject with tcp reset`,
        `add rule ${table} between ${met} ${counted} drop`,
      ];
    case "loss": {
      const share = Math.round((fault.lossPercent ?? 0) * 100);
      return [`add rule ${table} between ${met} numgen random mod 10000 < ${share} ${counted} drop`];
    }
    case "delay":
      // Marked before it is routed: the mark's own route leads through the delay.
      return [`add rule ${table} early iifname != "${delayDevice}*" ${met} meta mark set ${markOf(fault)} ${counted}`];
    case "bandwidth":
      // The class of the link's queue that it is to wait in.
      return [`add rule ${table} between ${met} meta priority set 1:${classOf(fault).toString(16)} ${counted}`];
    default:
      return fault.kind satisfies never;
  }
}

/** Names in nft are letters, digits and underscores. */
function nameOf(id: string): string {
  return id.replaceAll("-", "_");
}

function setName(id: string): string {
  return `s_${nameOf(id)}`;
}

export function counterName(id: string): string {
  return `n_${nameOf(id)}`;
}

/** Delays of the same length share a mark, a route and a device. */
export function markOf({ delayMs = 0 }: NetworkFault): number {
  return 0x4000 + Math.round(delayMs);
}

/** The class of a link's queue for a rate; see `queues.ts`. Rates that differ by less than 0.4 % share one. */
export function classOf({ bitsPerSecond = 0 }: NetworkFault): number {
  // A float's exponent and the first eight digits behind it: an order of its own below the 16 bits of a class.
  const exponent = Math.floor(Math.log2(Math.max(1, bitsPerSecond)));
  const fraction = Math.floor((bitsPerSecond / 2 ** exponent - 1) * 256);
  return 0x10 + ((exponent << 8) | fraction);
}
