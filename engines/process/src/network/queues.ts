import { blockCovers } from "@holdfast/kernel";
import type { NetworkFault } from "@holdfast/wire";
import { linkOf } from "./places.ts";
import { classOf } from "./rules.ts";

/** A few full packets: smaller bursts keep a fast link from its rate, larger ones let a slow one run ahead. */
const burstBytesMin = 3_200;

/**
 * Gives the links to all destinations of a bandwidth fault a class that lets through no more than it says. Packets come
 * into it by the priority that the fault's rule gives them, and without the rule nothing does: a queue left behind harms nobody.
 */
export function queuesScript(fault: NetworkFault, addresses: readonly string[]): string {
  const rate = fault.bitsPerSecond ?? 0;
  const id = classOf(fault).toString(16);
  const burst = Math.max(burstBytesMin, Math.round(rate / 8 / 100));
  const lines = addresses
    .filter((address) => fault.pairs.some(([, to]) => blockCovers(to, address)))
    .map((address) => {
      const link = linkOf(address);
      return `tc qdisc add dev ${link} root handle 1: htb 2>/dev/null || true
tc class replace dev ${link} parent 1: classid 1:${id} htb rate ${rate}bit ceil ${rate}bit burst ${burst} cburst ${burst}
tc qdisc replace dev ${link} parent 1:${id} pfifo limit 200`;
    });
  return lines.length === 0 ? "" : `set -e\n${lines.join("\n")}\n`;
}
