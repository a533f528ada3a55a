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
  const { mean, at } = state.latency?.read(state.clock.monotonicMs(), others) ?? noLatency;
  const tenths = (ms: number): number => Math.round(ms * 10) / 10;
  return { mean: tenths(mean), p50: tenths(at(50)), p90: tenths(at(90)), p99: tenths(at(99)), p995: tenths(at(99.5)) };
}
