import type { CommandReport, LatencyReport } from "@holdfast/wire";
import type { CommandState } from "./command-state.ts";
import { explainCircuit } from "./explain.ts";
import { noLatency } from "./latency-window.ts";

/** A command for people and dashboards: its circuit, its counters, its latency, its history. */
export function commandReport(state: CommandState): CommandReport {
  const {
    key,
    group,
    state: circuit,
    why,
    trialInMs,
    health,
    active,
    events,
    history,
    properties,
  } = explainCircuit(state);
  const { requests, errors, errorPercentage } = health;
  const isSemaphore = state.pool === undefined && state.limiter === undefined;
  return {
    key,
    group,
    state: circuit,
    why,
    trialInMs: trialInMs ?? null,
    requests,
    errors,
    errorPercentage,
    windowMs: properties["metrics.rollingStats.timeInMilliseconds"],
    active,
    limit: isSemaphore ? state.maxConcurrent : null,
    events: events as Readonly<Record<string, number>>,
    latencyMs: latencyReport(state),
    history: history.map((change) => ({
      at: change.at,
      to: change.to,
      why: change.why,
      requests: change.requests,
      errors: change.errors,
      errorPercentage: change.errorPercentage,
    })),
    properties: { ...properties },
  };
}

function latencyReport(state: CommandState): LatencyReport {
  const others = state.latencyOfRuns === undefined ? [] : [state.latencyOfRuns];
  const read = state.latency?.read(state.clock.monotonicMs(), others) ?? noLatency;
  const at = (share: number): number => tenths(read.at(share));
  return { mean: tenths(read.mean), p50: at(50), p90: at(90), p99: at(99), p995: at(99.5) };
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}
