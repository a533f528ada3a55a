import { SystemClock, systemRandom } from "@holdfast/kernel";
import { MeterRegistry, MonotonicCounter } from "@holdfast/metrics";
import { processLogs, serviceLog } from "./logs/process-logs.ts";
import { processConfig, processConfigReady } from "./process-config.ts";
import { processTracing } from "./process-trace.ts";
import type { RunningService, ServeOptions, Surroundings } from "./serve-options.ts";
import { Service } from "./service.ts";
import { stopOnSignals } from "./signals.ts";

/** The meters of this process; `/metrics` shows them. */
export const processMeterRegistry: MeterRegistry = new MeterRegistry();

let linesLost: MonotonicCounter | undefined;

function countLinesLost(): void {
  if (linesLost !== undefined) return;
  const counter = new MonotonicCounter(processMeterRegistry.counter("log.lost"));
  counter.set(0);
  processMeterRegistry.beforeRead(() => counter.set(processLogs().sink.lost));
  linesLost = counter;
}

function systemSurroundings(): Surroundings {
  countLinesLost();
  const clock = new SystemClock();
  return {
    clock,
    random: systemRandom(),
    log: serviceLog(),
    meters: processMeterRegistry,
    environment: process.env,
    config: processConfig(),
    tracing: processTracing(),
  };
}

/**
 * Runs any Node handler as a service: measured, health-checked on its admin port, registered, and drained on SIGTERM so that
 * no caller notices.
 *
 * @throws what `listen` throws (EADDRINUSE …), PlatformError `OPTION_INVALID` for a bad environment, components or checks,
 * `CONFIG_FILE_MALFORMED` for a configuration file that cannot be read, and `COMPONENT_FAILED`.
 */
export async function serve(
  options: ServeOptions,
  surroundings: Surroundings = systemSurroundings(),
): Promise<RunningService> {
  const service = new Service(options, surroundings);
  if (options.handleSignals ?? true) stopOnSignals(service, surroundings.log);
  // Those who bring their own surroundings bring their own properties.
  if (surroundings.environment === process.env) await processConfigReady();
  await service.start();
  return service;
}
