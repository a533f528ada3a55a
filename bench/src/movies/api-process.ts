import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { InstanceView } from "@holdfast/wire/control";
import { sleep } from "../bench-context.ts";
import { usageOf } from "../processes.ts";

/** One more process of the sample's `api` beside those of a running stack, with everything on or off. */
export interface ApiProcess extends AsyncDisposable {
  readonly url: string;
  /** User and system time since its start. */
  cpuMs(): number;
}

const readyWithinMs = 10_000;

export async function startApi(
  root: string,
  all: readonly InstanceView[],
  mode: "on" | "off",
  round: number,
): Promise<ApiProcess> {
  const like = all.find(({ name }) => name === "api");
  if (like?.pid === undefined || like.pid === null) throw new Error("no instance of api runs");
  const inherited = environmentOf(like.pid);
  const host = inherited["HOST"] ?? "127.0.0.1";
  const [port, adminPort] = [await freePort(host), await freePort(host)];
  const servers = Object.groupBy(all, ({ name }) => name);
  const origins = Object.entries(servers).map(([service, ones]) => [
    service,
    (ones ?? []).map(({ address, port: at }) => `http://${address}:${at}`),
  ]);
  const own = {
    PORT: String(port),
    HOLDFAST_ADMIN_PORT: String(adminPort),
    HOLDFAST_INSTANCE_ID: `i-bench${mode}${round}`,
    HOLDFAST_LAST_VIEW: "",
    BARE_SERVERS: JSON.stringify(Object.fromEntries(origins)),
    BARE_PEERS: join(root, "bench/peers"),
  };
  const off = mode === "off" ? ["--import", join(import.meta.dirname, "everything-off.ts")] : [];
  const child = spawn(process.execPath, [...off, join(root, "examples/movies/services/api/main.ts")], {
    env: { ...inherited, ...own },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const url = `http://${host}:${port}`;
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(mode === "on" ? "SIGTERM" : "SIGKILL");
    const late = setTimeout(() => child.kill("SIGKILL"), 15_000);
    await gone;
    clearTimeout(late);
  };
  try {
    await answering(`${url}/api/whoami`);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    cpuMs: () => usageOf(child.pid ?? 0)?.cpuMs ?? Number.NaN,
    [Symbol.asyncDispose]: stop,
  };
}

async function answering(url: string): Promise<void> {
  const endAtMs = performance.now() + readyWithinMs;
  for (;;) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
      if (response.ok) return;
    } catch (error) {
      if (performance.now() > endAtMs) throw error;
    }
    await sleep(100);
  }
}

function environmentOf(pid: number): Record<string, string> {
  const pairs = readFileSync(`/proc/${pid}/environ`, "utf8")
    .split("\0")
    .filter((pair) => pair.includes("="));
  return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]));
}

function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, host, () => {
      const bound = server.address();
      server.close(() =>
        typeof bound === "object" && bound !== null ? resolve(bound.port) : reject(new Error("no port")),
      );
    });
  });
}
