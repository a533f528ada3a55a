import { readdirSync, readFileSync } from "node:fs";
import type { Server } from "node:net";
import { type Clock, codeOf, type Log } from "@holdfast/kernel";

const reportEveryMs = 5_000;
/** Descriptors kept for everything that is not an accepted connection: calls of our own, files, the next log. */
const spareShare = 0.1;
const spareMin = 8;
const spareMax = 256;

/**
 * Keeps a server serving when connections come faster than file descriptors last: past what the process may open, less a
 * reserve, new connections are closed at once and the fact is reported, at most each five seconds. Left alone, Node
 * (libuv) closes such connections too, but without a word, and leaves no descriptor for calls of our own.
 */
export function guardAccept(server: Server, clock: Clock, log: Log): void {
  let reportedAtMs = Number.NEGATIVE_INFINITY;
  let shed = 0;
  const report = (reason: string): void => {
    shed += 1;
    const nowMs = clock.monotonicMs();
    if (nowMs - reportedAtMs < reportEveryMs) return;
    log.error("service.accept.shed", { reason, shed, next: "raise `ulimit -n` or add instances" });
    reportedAtMs = nowMs;
    shed = 0;
  };
  const most = connectionsMax();
  if (most !== undefined) server.maxConnections = most;
  server.on("drop", () => report(`${most} connections are open, all that \`ulimit -n\` allows`));
  server.on("error", (error) => {
    // A failed `listen` is somebody else's to report; it comes before the server listens.
    if (server.listening) report(codeOf(error));
  });
}

/** How many connections this process can hold; `undefined` where the system does not say. */
function connectionsMax(): number | undefined {
  try {
    const line = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"));
    if (line?.[1] === undefined) return undefined;
    const limit = Number(line[1]);
    const spare = Math.min(spareMax, Math.max(spareMin, Math.floor(limit * spareShare)));
    return Math.max(1, limit - readdirSync("/proc/self/fd").length - spare);
  } catch {
    return undefined;
  }
}
