import type { Clock } from "@holdfast/kernel";
import type { Supervisor } from "./supervisor.ts";

/** npm passes a ctrl-c on that the terminal has already delivered; two so close together are one. */
const sameSignalMs = 100;

/**
 * First SIGINT, SIGTERM or SIGHUP: an orderly stop. A second one: at once.
 *
 * @returns the signal that was received, if any.
 */
export function stopOnSignals(clock: Clock, supervisor: Supervisor): () => NodeJS.Signals | undefined {
  let first: { readonly signal: NodeJS.Signals; readonly atMs: number } | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (first === undefined) {
      first = { signal, atMs: clock.monotonicMs() };
      supervisor.stop().catch(() => {});
    } else if (clock.monotonicMs() - first.atMs > sameSignalMs) {
      supervisor.kill();
    }
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
  return () => first?.signal;
}
