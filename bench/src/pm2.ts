import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sleep } from "./bench-context.ts";
import { installedPeers, runProgram } from "./peers.ts";

export interface Pm2App {
  readonly name: string;
  readonly script: string;
  readonly cwd: string;
  readonly port: number;
  /** Where it answers 2xx when it is ready. */
  readonly path: string;
}

/** An address nobody else here uses, so that any port on it is free. */
export const pm2Address = "127.0.77.1";

/** A PM2 daemon of its own (PM2_HOME in a temporary directory), as people run it: fork mode, defaults. */
export class Pm2 {
  readonly #bin: string;
  readonly #home: string;

  private constructor(bin: string, home: string) {
    this.#bin = bin;
    this.#home = home;
  }

  static async make(root: string, say: (line: string) => void): Promise<Pm2> {
    const peers = await installedPeers(root, say);
    return new Pm2(join(peers, "node_modules/pm2/bin/pm2"), mkdtempSync(join(tmpdir(), "holdfast-bench-pm2-")));
  }

  /** Wall ms from the command to every app answering. */
  async start(apps: readonly Pm2App[]): Promise<number> {
    const file = join(this.#home, "ecosystem.config.cjs");
    const entries = apps.map(({ name, script, cwd, port }) => ({
      name,
      script,
      cwd,
      env: { PORT: String(port), HOST: pm2Address },
    }));
    writeFileSync(file, `module.exports = ${JSON.stringify({ apps: entries })};\n`);
    const from = performance.now();
    await this.#run("start", file);
    await Promise.all(apps.map(({ port, path }) => answering(`http://${pm2Address}:${port}${path}`)));
    return performance.now() - from;
  }

  async pids(): Promise<number[]> {
    const list: { pid: number }[] = JSON.parse(lastLine(await this.#run("jlist")));
    return list.map(({ pid }) => pid);
  }

  /** Ends the daemon and all it runs. */
  async stop(): Promise<void> {
    await this.#run("kill");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop().catch(() => {});
    rmSync(this.#home, { recursive: true, force: true });
  }

  #run(...args: string[]): Promise<string> {
    const env = { PM2_HOME: this.#home, PM2_DISABLE_VERSION_CHECK: "true", NO_COLOR: "1" };
    return runProgram(process.execPath, [this.#bin, ...args], { env });
  }
}

/** Resolves with the answer's body as soon as a 2xx comes and `isRight` agrees. */
export async function answering(
  url: string,
  isRight: (body: string) => boolean = () => true,
  timeoutMs = 30_000,
): Promise<string> {
  const endAtMs = performance.now() + timeoutMs;
  while (performance.now() < endAtMs) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(500), headers: { connection: "close" } });
      const body = await response.text();
      if (response.ok && isRight(body)) return body;
    } catch {
      // Not there yet.
    }
    await sleep(10);
  }
  throw new Error(`${url} did not answer within ${timeoutMs} ms`);
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}
