import { type Clock, type Log, type Random } from "@holdfast/kernel";
import { processConfig, processMeterRegistry, processResilience, showBalancers } from "@holdfast/service";
import { type RunningSidecar, startSidecar } from "../run/sidecar.ts";
import type { SidecarProgram } from "./program-options.ts";

export interface ProgramSurroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

const stopping = ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"] as const;

/**
 * Runs a sidecar as the business of this process, until its parent has ended or a signal has stopped both. Gives the exit
 * code: the parent's own. `onStarted` is called when it runs.
 *
 * @throws what `startSidecar` throws.
 */
export async function runSidecar(
  program: SidecarProgram,
  { clock, random, log }: ProgramSurroundings,
  onStarted: (sidecar: RunningSidecar) => void = () => {},
): Promise<number> {
  const config = processConfig();
  for (const [key, value] of program.properties) config.set("application", key, value);
  let first: NodeJS.Signals | undefined;
  let sidecar: RunningSidecar | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    first ??= signal;
    void sidecar?.stop(signal);
  };
  const passOn = (): void => sidecar?.signal("SIGUSR2");
  for (const signal of stopping) process.on(signal, onSignal);
  process.on("SIGUSR2", passOn);
  try {
    const meters = processMeterRegistry;
    const resilience = processResilience();
    const { environment, options } = program;
    const around = { clock, random, log, meters, environment, config, resilience };
    sidecar = await startSidecar(options, { ...around, onClient: showBalancers });
    onStarted(sidecar);
    // It came while we started: what has begun is ended in order.
    if (first !== undefined) void sidecar.stop(first);
    return await sidecar.ended;
  } finally {
    for (const signal of stopping) process.off(signal, onSignal);
    process.off("SIGUSR2", passOn);
  }
}
