import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runProgram } from "../peers.ts";

export interface WrkRun {
  readonly perSecond: number;
  readonly failed: number;
}

/**
 * Loads `url` with wrk: one thread, `connections` kept open, for `seconds`. `script` is wrk's Lua.
 *
 * @throws an error that says so when wrk is not installed.
 */
export async function runWrk(url: string, connections: number, seconds: number, script: string): Promise<WrkRun> {
  const scratch = mkdtempSync(join(tmpdir(), "holdfast-wrk-"));
  try {
    const file = join(scratch, "load.lua");
    writeFileSync(file, `${script}\n${report}`);
    const args = ["-t1", `-c${connections}`, `-d${seconds}s`, "--timeout", "10s", "-s", file, url];
    const printed = await runProgram("wrk", args, { timeoutMs: (seconds + 30) * 1_000 }).catch((error: unknown) => {
      throw error instanceof Error && error.message.includes("ENOENT") ? new Error("needs wrk (Debian: wrk)") : error;
    });
    const line = printed.split("\n").findLast((one) => one.startsWith("{"));
    return JSON.parse(line ?? "{}") as WrkRun;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

const report = `
done = function(summary, latency, requests)
  local e = summary.errors
  local failed = e.connect + e.read + e.write + e.status + e.timeout
  io.write(string.format('{"perSecond":%.1f,"failed":%d}\\n', summary.requests / (summary.duration / 1e6), failed))
end
`;

/** Heartbeats of \`apps × perApp\` Eureka clients, one after another. */
export function heartbeatScript(apps: number, perApp: number, at = "/eureka/v2"): string {
  return `
local n = 0
request = function()
  n = n + 1
  local app = n % ${apps}
  local one = math.floor(n / ${apps}) % ${perApp}
  return wrk.format("PUT", string.format("${at}/apps/APP-%d/host-%d-%d:app-%d:8080?status=UP&lastDirtyTimestamp=1700000000000", app, app, one, app))
end
`;
}

export const gzipScript = `
wrk.headers["Accept"] = "application/json"
wrk.headers["Accept-Encoding"] = "gzip"
`;
