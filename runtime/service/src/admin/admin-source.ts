import type { Config, Explanation, Staleness } from "@holdfast/config";
import type { Clock } from "@holdfast/kernel";
import type { MeterRegistry } from "@holdfast/metrics";
import type { HystrixStreams } from "@holdfast/resilience";
import type { InstanceRecord, ResilienceReport } from "@holdfast/wire";
import type { Health } from "../health/health-board.ts";
import type { Identity } from "../identity.ts";
import type { ComponentReport } from "../lifecycle/component.ts";
import type { Logs } from "../logs/process-logs.ts";

export type Readiness = "starting" | "up" | "down" | "draining";

/** What the configuration says, and how far behind it may be. */
export interface ConfigReport {
  readonly staleness: Staleness | null;
  readonly properties: readonly Explanation[];
}

/** What the admin port shows, and what it may change. */
export interface AdminSource {
  readonly clock: Clock;
  readonly identity: Identity;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly meters: MeterRegistry;
  /** Brings meters up to date that are not by themselves. */
  readonly readProcess: () => void;
  readonly readiness: () => Readiness;
  /** Why it is not up, or what is degraded; empty when all is well. */
  readonly reason: () => string;
  readonly health: () => Health;
  readonly components: () => readonly ComponentReport[];
  readonly uptimeMs: () => number;
  /** Circuits and balancers. */
  readonly resilience: () => ResilienceReport;
  /** All properties, and who says so; secrets masked. */
  readonly configReport: () => ConfigReport;
  /** Where levels of the log are set at run time. */
  readonly config: Config;
  readonly logs: Logs;
  /** All instances this process knows of; undefined when it has never asked a registry. */
  readonly instances: () => readonly InstanceRecord[] | undefined;
  /** Hystrix's streams, by their paths. */
  readonly streams: HystrixStreams;
}
