import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitFor } from "@holdfast/testing";
import { sleep } from "../bench-context.ts";

/** What a server under test tells of itself; see `stall-probe.mjs`. */
export interface Probe {
  /** Longest time the event loop stood still since the last probe. A timer of 1 ms is part of it. */
  readonly maxMs: number;
  readonly p99Ms: number;
  readonly rssMb: number;
  readonly cpuMs: number;
}

/** A server in a process of its own, watched from within; gone with its scope. */
export class ServerProcess {
  readonly url: string;
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #scratch: string;

  private constructor(url: string, pid: number, child: ChildProcess, scratch: string) {
    this.url = url;
    this.pid = pid;
    this.#child = child;
    this.#scratch = scratch;
  }

  /** Runs a Node program on `port` (in `PORT`) and waits until `ready` answers below 500. */
  static async start(
    program: readonly string[],
    port: number,
    environment: Readonly<Record<string, string>>,
    ready: string,
  ): Promise<ServerProcess> {
    const scratch = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
    const preload = join(import.meta.dirname, "stall-probe.mjs");
    const env = {
      ...process.env,
      ...environment,
      PORT: String(port),
      HOST: "127.0.0.1",
      HOLDFAST_BENCH_PROBE: join(scratch, "probe.json"),
    };
    const child = spawn(process.execPath, ["--import", preload, ...program], {
      env,
      stdio: ["ignore", "ignore", "inherit"],
    });
    const url = `http://127.0.0.1:${port}`;
    await waitFor(`${ready} of ${program.at(-1)}`, () => answers(`${url}${ready}`), { timeoutMs: 15_000 });
    return new ServerProcess(url, child.pid ?? 0, child, scratch);
  }

  /** What happened since the last call. */
  async probe(): Promise<Probe> {
    const file = join(this.#scratch, "probe.json");
    rmSync(file, { force: true });
    this.#child.kill("SIGUSR2");
    return waitFor("the server's own figures", () => readProbe(file), { timeoutMs: 10_000 });
  }

  kill(signal: "SIGKILL" | "SIGTERM" = "SIGKILL"): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      await Promise.race([new Promise((resolve) => this.#child.once("exit", resolve)), sleep(3_000)]);
    }
    rmSync(this.#scratch, { recursive: true, force: true });
  }
}

/** Ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  return Promise.all(
    servers.map(async (server) => {
      const bound = server.address();
      await new Promise((resolve) => server.close(resolve));
      return typeof bound === "object" && bound !== null ? bound.port : 0;
    }),
  );
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
    await response.arrayBuffer();
    return response.status < 500;
  } catch {
    return false;
  }
}

function readProbe(file: string): Probe | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Probe;
  } catch {
    return undefined;
  }
}
