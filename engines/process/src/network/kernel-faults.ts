import { type Clock, type Log, messageOf, PlatformError, type Timer } from "@holdfast/kernel";
import type { FaultEngine, FaultSupportView, NetworkFault, NetworkFaultState } from "@holdfast/wire";
import { checkFault } from "./check-fault.ts";
import type { Delays } from "./delays.ts";
import { namesIn } from "./namespaces.ts";
import { addressOfName } from "./places.ts";
import { queuesScript } from "./queues.ts";
import { counterName, rulesOf } from "./rules.ts";
import type { Shell } from "./shell.ts";

export const leaseMsMax = 60_000;
const sweepEveryMs = 500;

export interface KernelFaultsParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly shell: Shell;
  readonly delays: Delays;
  /** Where namespaces have their names; made by the holder. */
  readonly directory: string;
}

interface Held {
  readonly fault: NetworkFault;
  readonly untilMs: number;
}

/**
 * Faults by the kernel, in the router that all packets between instances go through. When we die, they end with their
 * leases: the kernel itself keeps the time.
 */
export class KernelFaults implements FaultEngine {
  readonly #parts: KernelFaultsParts;
  readonly #held = new Map<string, Held>();
  readonly #sweep: Timer;
  /** Commands run one after the other: each begins with what the one before has left. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: KernelFaultsParts) {
    this.#parts = parts;
    this.#sweep = parts.clock.every(sweepEveryMs, () => void this.#endOld());
  }

  /** No rule of a life before this one is left: who held its faults renews them, or they are over. */
  start(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#parts.shell.run("nft", ["-f", "-"], "add table inet holdfast\ndelete table inet holdfast\n");
      await this.#rules([]);
    });
  }

  async apply(value: NetworkFault, leaseMs: number): Promise<void> {
    const fault = checkFault(value);
    if (!(leaseMs >= 100 && leaseMs <= leaseMsMax)) {
      throw new PlatformError("FAULT_INVALID", `leaseMs: must be from 100 to ${leaseMsMax}, got ${leaseMs}`, {
        status: 400,
      });
    }
    await this.#inTurn(async () => {
      if (fault.kind === "delay") await this.#parts.delays.open(fault.delayMs ?? 0);
      await this.#queues(fault);
      const before = this.#held.get(fault.id);
      this.#held.set(fault.id, { fault, untilMs: this.#parts.clock.monotonicMs() + leaseMs });
      try {
        await this.#rules([]);
      } catch (error) {
        if (before === undefined) this.#held.delete(fault.id);
        else this.#held.set(fault.id, before);
        throw error;
      }
    });
  }

  clear(id: string): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#held.delete(id)) await this.#rules([id]);
    });
  }

  async list(): Promise<readonly NetworkFaultState[]> {
    const nowMs = this.#parts.clock.monotonicMs();
    const held = [...this.#held.values()].filter(({ untilMs }) => untilMs > nowMs);
    if (held.length === 0) return [];
    const counts = countsIn(
      await this.#parts.shell.run("nft", ["-j", "list", "counters", "table", "inet", "holdfast"], ""),
    );
    return held.map(({ fault, untilMs }) => ({
      ...fault,
      leaseMs: Math.round(untilMs - nowMs),
      ...(counts.get(counterName(fault.id)) ?? { packets: 0, bytes: 0 }),
    }));
  }

  async support(): Promise<readonly FaultSupportView[]> {
    const real = (fault: string, why: string): FaultSupportView => ({ fault, support: "real", why });
    return [
      real("partition", "packets between the namespaces are dropped in the kernel"),
      real("refuse", "the kernel resets connections between the namespaces"),
      real("loss", "the kernel drops packets by chance"),
      real("bandwidth", "the kernel's queue of each link (htb)"),
      await this.#parts.delays.support(),
    ];
  }

  async close(): Promise<void> {
    this.#sweep.cancel();
    await this.#inTurn(async () => {
      const ids = [...this.#held.keys()];
      this.#held.clear();
      if (ids.length > 0) await this.#rules(ids);
      this.#parts.delays.close();
    });
  }

  /** The kernel has ended them already; their rules and devices go, too. */
  async #endOld(): Promise<void> {
    const nowMs = this.#parts.clock.monotonicMs();
    const over = [...this.#held].filter(([, { untilMs }]) => untilMs <= nowMs).map(([id]) => id);
    if (over.length === 0) return;
    try {
      await this.#inTurn(async () => {
        const still = over.filter((id) => (this.#held.get(id)?.untilMs ?? Number.POSITIVE_INFINITY) <= nowMs);
        for (const id of still) this.#held.delete(id);
        if (still.length > 0) await this.#rules(still);
      });
      this.#parts.log.info("network.faults-over", { ids: over });
    } catch (error) {
      this.#parts.log.warn("network.rules-not-removed", { ids: over, error });
    }
  }

  async #rules(gone: readonly string[]): Promise<void> {
    const nowMs = this.#parts.clock.monotonicMs();
    const leased = [...this.#held.values()].map(({ fault, untilMs }) => ({ fault, leaseMs: untilMs - nowMs }));
    await this.#parts.shell.run("nft", ["-f", "-"], rulesOf(leased, gone));
    const used = leased.filter(({ fault }) => fault.kind === "delay").map(({ fault }) => fault.delayMs ?? 0);
    this.#parts.delays.keep(used);
  }

  /** Each renewal, too: links may have been made since. */
  async #queues(fault: NetworkFault): Promise<void> {
    if (fault.kind !== "bandwidth") return;
    const names = await namesIn(this.#parts.shell, this.#parts.directory);
    const addresses = Array.from(names, addressOfName);
    const script = queuesScript(fault, addresses);
    if (script !== "") await this.#parts.shell.run("sh", ["-s"], script);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch((error: unknown) => this.#parts.log.debug("network.failed", { message: messageOf(error) }));
    return turn;
  }
}

interface NftCounter {
  readonly name: string;
  readonly packets: number;
  readonly bytes: number;
}

function countsIn(json: string): Map<string, { readonly packets: number; readonly bytes: number }> {
  const { nftables = [] } = JSON.parse(json) as { nftables?: readonly { readonly counter?: NftCounter }[] };
  const counts = new Map<string, { packets: number; bytes: number }>();
  for (const { counter } of nftables) {
    if (counter !== undefined) counts.set(counter.name, { packets: counter.packets, bytes: counter.bytes });
  }
  return counts;
}
