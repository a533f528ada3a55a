import { commandEvents } from "../events.ts";
import type { LogEntry } from "../request-context.ts";

interface Signature {
  readonly entry: LogEntry;
  readonly latencies: number[];
  cached: number;
}

/**
 * The array of `request.stream` for one request (Hystrix's SerialHystrixRequestEvents): executions that went the same way
 * are one object with all their latencies; answers from the cache are counted with the execution they are of.
 */
export function requestMessage(log: readonly LogEntry[]): Record<string, unknown>[] {
  const signatures = new Map<string, Signature>();
  const cachedOf = new Map<string, number>();
  for (const entry of log) {
    if (entry.events.includes("RESPONSE_FROM_CACHE")) {
      cachedOf.set(entry.key, (cachedOf.get(entry.key) ?? 0) + 1);
      continue;
    }
    const id = JSON.stringify([entry.key, entry.events, entry.collapserKey, entry.batchSize]);
    const known = signatures.get(id);
    if (known === undefined) signatures.set(id, { entry, latencies: [Math.round(entry.latencyMs)], cached: 0 });
    else known.latencies.push(Math.round(entry.latencyMs));
  }
  for (const signature of signatures.values()) {
    signature.cached = cachedOf.get(signature.entry.key) ?? 0;
    cachedOf.delete(signature.entry.key);
  }
  return [...signatures.values()].map(objectOf);
}

function objectOf({ entry, latencies, cached }: Signature): Record<string, unknown> {
  // In the order of Hystrix's own list of events, whatever the order in which they happened.
  const events = commandEvents.filter((event) => event !== "COLLAPSED" && entry.events.includes(event));
  return {
    name: entry.key,
    events,
    latencies,
    ...(cached > 0 ? { cached } : {}),
    ...(entry.collapserKey === undefined ? {} : { collapsed: { name: entry.collapserKey, count: entry.batchSize } }),
  };
}
