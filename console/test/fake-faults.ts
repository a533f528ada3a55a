import type { AddFaultRequest, FaultsView, FaultView } from "@holdfast/wire/control";

const at = (inMs: number): string => new Date(Date.now() + inMs).toISOString();

/** A fault, of a zone cut off from the others unless said otherwise. */
export function fakeFault(more: Partial<FaultView> = {}): FaultView {
  const others = ["local-1a", "local-1c"];
  return {
    id: "partition-4f2a91",
    kind: "partition",
    what: "partition: local-1b apart from local-1a and local-1c",
    lossPercent: null,
    delayMs: null,
    bitsPerSecond: null,
    since: at(-12_000),
    until: at(48_000),
    heldUntil: null,
    actor: "operator",
    reason: "drill",
    pairs: 4,
    reach: others.flatMap((other) => [
      { from: "local-1b", to: other, whole: true },
      { from: other, to: "local-1b", whole: true },
    ]),
    packets: 1_204,
    problem: "",
    ...more,
  };
}

/** Faults in the small: what is asked for is in force at once, between the zones it names. */
export class FakeFaults {
  faults: readonly FaultView[] = [
    fakeFault(),
    fakeFault({
      id: "delay-77c0de",
      kind: "delay",
      what: "80 ms later: i-9e3779b1 and i-daa66d2b",
      delayMs: 80,
      reach: [{ from: "local-1a", to: "local-1c", whole: false }],
      pairs: 2,
      packets: 0,
      reason: "",
      heldUntil: at(3_000),
    }),
  ];

  view(): FaultsView {
    return {
      mode: "netns",
      faults: [...this.faults],
      support: [
        { fault: "partition", support: "real", why: "nftables drops the packets" },
        { fault: "refuse", support: "real", why: "nftables answers with a reset" },
        { fault: "loss", support: "real", why: "nftables drops a share of the packets" },
        { fault: "delay", support: "real", why: "a TUN relay holds the packets back: this kernel has no netem" },
        { fault: "bandwidth", support: "unavailable", why: "this kernel has no htb" },
      ],
    };
  }

  add(body: unknown): FaultView {
    const { kind, from = [], reason = "" } = body as AddFaultRequest;
    const what = `${kind}: ${from.join(" and ")}`;
    const fault = fakeFault({ id: `${kind}-000001`, kind, what, reason, reach: [], since: at(0), until: at(30_000) });
    this.faults = [...this.faults, fault];
    return fault;
  }

  end(id: string): void {
    this.faults = this.faults.filter((fault) => fault.id !== id);
  }
}
