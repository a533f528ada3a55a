import type { BalancerReport, ServerReport } from "@holdfast/wire";
import type { Cluster } from "./cluster.ts";
import type { ServerPool } from "./server-pool.ts";

/** What one process knows of one service, for people. */
export function balancerReport(cluster: Cluster): BalancerReport {
  const nowMs = cluster.clock.monotonicMs();
  const { app, options, calls, retries, hedges, budgetRefused } = cluster;
  const servers = cluster.servers.map((server) => serverReport(server, nowMs));
  const out = servers.filter((server) => server.ejected !== null).length;
  return {
    app,
    picker: cluster.set.pickerName,
    zone: options.zone ?? null,
    why: out === 0 ? "all servers are used" : `${out} of ${servers.length} servers are ejected`,
    panic: cluster.set.panic,
    calls,
    retries,
    hedges,
    budgetRefused,
    budgetLeft: Math.floor(cluster.budget.left(nowMs)),
    servers,
    history: cluster.detector.history,
    attempts: cluster.recentCalls,
  };
}

function serverReport(server: ServerPool, nowMs: number): ServerReport {
  const forMs = Math.max(0, server.ejectedUntilMs - nowMs);
  return {
    instance: server.record.id,
    zone: server.record.zone,
    origin: server.origin,
    outstanding: server.outstanding,
    ewmaMs: Math.round(server.ewmaMs(nowMs) * 10) / 10,
    requests: server.requests,
    failures: server.failures,
    weight: Math.round(server.weight(nowMs) * 100) / 100,
    ejected: forMs > 0 ? { forMs: Math.round(forMs), why: server.health.why, times: server.health.times } : null,
  };
}
