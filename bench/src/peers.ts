import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Directory of the peers' programs: `bench/peers`, git-ignored below its lockfile. Installed when first needed.
 *
 * @throws an error with npm's words when that does not work: no network, as a rule.
 */
export async function installedPeers(root: string, say: (line: string) => void): Promise<string> {
  const directory = join(root, "bench/peers");
  const { dependencies } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const isThere = (peer: string): boolean => existsSync(join(directory, "node_modules", peer, "package.json"));
  if (Object.keys(dependencies).every(isThere)) return directory;
  say("installing peers into bench/peers");
  const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--workspaces=false"];
  await runProgram("npm", args, { cwd: directory, timeoutMs: 180_000 });
  return directory;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/** @throws an error with what it printed when the program ends with anything but 0. */
export function runProgram(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const limits = {
    cwd: options.cwd,
    timeout: options.timeoutMs ?? 60_000,
    env: { ...process.env, ...options.env },
    maxBuffer: 64 * 1_024 * 1_024,
  };
  return new Promise((resolve, reject) => {
    execFile(program, args, limits, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else
        reject(
          new Error(`${program} ${args[0]}: ${error.message}\n${(stderr || stdout).slice(-2_000)}`, { cause: error }),
        );
    });
  });
}
