import type { Server } from "node:http";
import { type Clock, codeOf, type Log } from "@holdfast/kernel";

/** How long a server that has run out of descriptors lets new connections wait. */
const pauseMs = 100;
const reportEveryMs = 5_000;

/**
 * Keeps a server alive when accepting fails (EMFILE, ENFILE, ENOBUFS): connections are shed, the fact is reported at most
 * each five seconds, and accepting goes on when descriptors are free again. Without a listener for `error` Node would
 * end the process.
 */
export function guardAccept(server: Server, clock: Clock, log: Log): void {
  let reportedAtMs = Number.NEGATIVE_INFINITY;
  let dropped = 0;
  const report = (reason: string): void => {
    dropped += 1;
    const nowMs = clock.monotonicMs();
    if (nowMs - reportedAtMs < reportEveryMs) return;
    log.error("service.accept.shed", { reason, dropped, next: "raise `ulimit -n` or add instances" });
    reportedAtMs = nowMs;
    dropped = 0;
  };
  server.on("error", (error) => {
    // A failed `listen` is somebody else's to report; it comes before the server listens.
    if (!server.listening) return;
    report(codeOf(error));
    server.maxConnections = 1;
    clock.after(pauseMs, () => {
      server.maxConnections = Number.POSITIVE_INFINITY;
    });
  });
  server.on("drop", () => report("MAX_CONNECTIONS"));
}
