import type { Log } from "@holdfast/kernel";
import { processLogs } from "./logs/process-logs.ts";

interface Stoppable {
  stop(): Promise<void>;
}

const running: { readonly service: Stoppable; readonly log: Log }[] = [];
let signals = 0;
/** The last lines may take so long to be written. */
const flushMaxMs = 500;

/**
 * On SIGTERM and SIGINT stops every service of this process side by side, then ends it: with 0, or with 1 when a stop
 * failed. A second signal ends it at once (130).
 */
export function stopOnSignals(service: Stoppable, log: Log): void {
  if (running.length === 0) {
    process.on("SIGTERM", onSignal);
    process.on("SIGINT", onSignal);
  }
  running.push({ service, log });
}

function onSignal(): void {
  signals += 1;
  if (signals > 1) process.exit(130);
  void Promise.all(running.map(stopOne)).then(async (stopped) => {
    await processLogs().sink.flush(flushMaxMs);
    process.exit(stopped.every(Boolean) ? 0 : 1);
  });
}

async function stopOne({ service, log }: (typeof running)[number]): Promise<boolean> {
  try {
    await service.stop();
    return true;
  } catch (error) {
    log.error("service.stop.failed", { error });
    return false;
  }
}
