/** Faults of the network between the places of a stack, in Chaos Mesh's words. */

export const networkFaultKinds = ["partition", "refuse", "loss", "delay", "bandwidth"] as const;
export type NetworkFaultKind = (typeof networkFaultKinds)[number];

/** Packets from the first to the second, both CIDR blocks of ours: `127.1.2.0/24`, or one address. */
export type FaultPair = readonly [from: string, to: string];

/** What an engine makes of a fault: which packets, and what becomes of them. */
export interface NetworkFault {
  /** Lower-case letters, digits and dashes, 1 to 40. */
  readonly id: string;
  readonly kind: NetworkFaultKind;
  /** Directed: a symmetric fault has both directions. */
  readonly pairs: readonly FaultPair[];
  /** Of `loss`: percent of packets that vanish, above 0 to 100. */
  readonly lossPercent?: number;
  /** Of `delay`: ms added to each packet of these pairs; a symmetric one adds twice as much to a round trip. */
  readonly delayMs?: number;
  /** Of `bandwidth`: what each destination takes in at most, in bits a second. */
  readonly bitsPerSecond?: number;
}

/** A fault in force. */
export interface NetworkFaultState extends NetworkFault {
  /** Unless renewed, it ends so long from now, whoever has died by then, in ms. */
  readonly leaseMs: number;
  /** Packets it has met so far; of a partition: those it dropped. */
  readonly packets: number;
  readonly bytes: number;
}

export type FaultSupport = "real" | "simulated" | "unavailable";

/** What a fault would be here, and why: never a silent downgrade. */
export interface FaultSupportView {
  readonly fault: string;
  readonly support: FaultSupport;
  readonly why: string;
}

/** The port behind which a mode (`netns`, `loopback`) makes faults real or simulates them. */
export interface FaultEngine {
  /**
   * Puts a fault in force, or renews or changes the one of that id, until `leaseMs` from now.
   *
   * @throws PlatformError `FAULT_UNSUPPORTED` with the reason, `FAULT_INVALID`, `NETWORK_UNREACHABLE`.
   */
  apply(fault: NetworkFault, leaseMs: number): Promise<void>;
  /** Ends it; unknown ids are fine. */
  clear(id: string): Promise<void>;
  list(): Promise<readonly NetworkFaultState[]>;
  support(): Promise<readonly FaultSupportView[]>;
}
