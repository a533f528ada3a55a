import { createServer } from "node:http";
import { type Clock, hasCode, type Log, messageOf } from "@holdfast/kernel";
import { problem, problemContentType } from "@holdfast/wire";

const tryEveryMs = 2_000;

/**
 * Does `open` again and again until it works; from the second try on, `at` answers everything with 503
 * `STATE_UNAVAILABLE` and the reason, so that whoever waits knows for what.
 *
 * @throws PlatformError `STATE_NOT_WRITABLE`, and `STATE_HELD` when another control has the state: that is not waited for.
 */
export async function untilOpen<T>(
  clock: Clock,
  log: Log,
  at: { readonly address: string; readonly port: number },
  open: () => Promise<T>,
): Promise<T> {
  let reason = "";
  const server = createServer((_request, response) => {
    const body = problem(503, "STATE_UNAVAILABLE", `the state cannot be opened: ${reason}`, {
      next: "free space on the disk of the state directory, or make it writable; control goes on by itself",
    });
    response.writeHead(503, { "content-type": problemContentType, connection: "close" });
    response.end(JSON.stringify(body));
  });
  server.on("error", () => {});
  try {
    for (;;) {
      try {
        return await open();
      } catch (error) {
        if (hasCode(error, "STATE_NOT_WRITABLE") || hasCode(error, "STATE_HELD")) throw error;
        if (messageOf(error) !== reason) log.error("state.unavailable", { reason: messageOf(error) });
        reason = messageOf(error);
        if (!server.listening) server.listen(at.port, at.address);
        await clock.sleep(tryEveryMs);
      }
    }
  } finally {
    if (server.listening) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }
}
