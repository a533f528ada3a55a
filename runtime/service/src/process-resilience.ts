import type { BalancedClient } from "@holdfast/client";
import { SystemClock, systemRandom } from "@holdfast/kernel";
import { Resilience } from "@holdfast/resilience";
import type { BalancerReport } from "@holdfast/wire";
import { serviceLog } from "./logs/process-logs.ts";
import { processConfig } from "./process-config.ts";

let shared: Resilience | undefined;
const clients = new Set<BalancedClient>();

/** The commands of this process, made when first asked for: `hystrix.…` of its configuration governs them. */
export function processResilience(): Resilience {
  if (shared !== undefined) return shared;
  const clock = new SystemClock();
  shared = new Resilience(clock, systemRandom(), processConfig(), { log: serviceLog() });
  return shared;
}

/** From now on the admin port's `/v1/resilience` shows what `client` knows of the servers it calls. */
export function showBalancers(client: BalancedClient): void {
  clients.add(client);
}

export function shownBalancers(): BalancerReport[] {
  return [...clients].flatMap((client) => client.reports());
}
