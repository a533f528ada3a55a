import type { BreakerState, Health, Transition } from "./circuit-breaker.ts";
import type { CommandState } from "./command-state.ts";
import type { CommandEvent } from "./events.ts";
import type { CommandProperties } from "./properties.ts";

/** One change of a circuit, with the numbers of that moment. */
export interface CircuitChange extends Omit<Transition, "atMs"> {
  /** Wall time of it, as ISO 8601. */
  readonly at: string;
}

/** Why a circuit is as it is, and how it came to that. */
export interface CircuitExplanation {
  readonly key: string;
  readonly group: string;
  readonly state: BreakerState["kind"] | "forced-open" | "forced-closed" | "disabled";
  /** One sentence. */
  readonly why: string;
  /** While it is open: ms until it lets a trial call through. */
  readonly trialInMs: number | undefined;
  /** Of the rolling window, now. */
  readonly health: Health;
  readonly active: number;
  /** Of the rolling window, now: what happened at all. */
  readonly events: Partial<Record<CommandEvent, number>>;
  /** Latest last; at most 20. */
  readonly history: readonly CircuitChange[];
  readonly properties: CommandProperties;
}

export function explainCircuit(state: CommandState): CircuitExplanation {
  const nowMs = state.clock.monotonicMs();
  const wallMs = state.clock.wallMs();
  const { breaker, properties } = state;
  breaker.look(nowMs);
  const history = breaker.history.map(({ atMs, ...change }) => ({
    at: new Date(wallMs - (nowMs - atMs)).toISOString(),
    ...change,
  }));
  const happened = Object.entries(state.rollingAll(nowMs)).filter(([, count]) => count > 0);
  const kind = kindOf(state);
  return {
    key: state.key,
    group: state.group,
    state: kind,
    why: whyOf(kind, history.at(-1)?.why),
    trialInMs: kind === "open" ? Math.max(0, breaker.trialAtMs - nowMs) : undefined,
    health: breaker.health(nowMs),
    active: state.active,
    events: Object.fromEntries(happened),
    history,
    properties,
  };
}

function kindOf({ breaker, properties }: CommandState): CircuitExplanation["state"] {
  if (properties["circuitBreaker.forceOpen"]) return "forced-open";
  if (properties["circuitBreaker.forceClosed"]) return "forced-closed";
  if (!properties["circuitBreaker.enabled"]) return "disabled";
  return breaker.state.kind;
}

function whyOf(kind: CircuitExplanation["state"], last: string | undefined): string {
  switch (kind) {
    case "forced-open":
      return "circuitBreaker.forceOpen is set: every call is refused";
    case "forced-closed":
      return "circuitBreaker.forceClosed is set: no call is refused";
    case "disabled":
      return "circuitBreaker.enabled is false: no call is refused";
    case "closed":
    case "open":
    case "half-open":
      return last ?? "it has never been open";
  }
}
