import type { InstanceStatus } from "@holdfast/wire";

export type AsgStatus = "ENABLED" | "DISABLED";

/** What is known of an instance when its status is decided. */
export interface StatusQuestion {
  /** What the instance says of itself. */
  readonly own: InstanceStatus;
  /** An operator's word. */
  readonly override: InstanceStatus | undefined;
  /** Of its auto scaling group, when anybody has said. */
  readonly asg: AsgStatus | undefined;
  /** What the registry had it as before, when its lease exists. */
  readonly existing: InstanceStatus | undefined;
  /** Said by a peer rather than by the instance. */
  readonly replication: boolean;
}

export interface StatusAnswer {
  readonly status: InstanceStatus;
  /** Eureka's name of the rule that decided. */
  readonly rule: string;
}

interface StatusRule {
  readonly name: string;
  readonly decide: (question: StatusQuestion) => InstanceStatus | undefined;
}

/**
 * Eureka's own rules in its order (`PeerAwareInstanceRegistryImpl`, `AwsInstanceRegistry`); the first that has an answer
 * decides.
 */
const rules: readonly StatusRule[] = [
  { name: "DownOrStarting", decide: ({ own }) => (takesOrders(own) ? undefined : own) },
  { name: "OverrideExists", decide: ({ override }) => override },
  {
    name: "AsgEnabled",
    decide: ({ asg }) => (asg === undefined ? undefined : asg === "ENABLED" ? "UP" : "OUT_OF_SERVICE"),
  },
  { name: "LeaseExists", decide: leaseExists },
  { name: "AlwaysMatch", decide: ({ own }) => own },
];

export function resolveStatus(question: StatusQuestion): StatusAnswer {
  for (const rule of rules) {
    const status = rule.decide(question);
    if (status !== undefined) return { status, rule: rule.name };
  }
  return { status: question.own, rule: "AlwaysMatch" };
}

/** An instance that says anything else knows better than whoever orders it about. */
function takesOrders(own: InstanceStatus): boolean {
  return own === "UP" || own === "OUT_OF_SERVICE";
}

/** What was UP or OUT_OF_SERVICE here stays so when the instance itself (not a peer) registers again. */
function leaseExists({ existing, replication }: StatusQuestion): InstanceStatus | undefined {
  return !replication && existing !== undefined && takesOrders(existing) ? existing : undefined;
}
