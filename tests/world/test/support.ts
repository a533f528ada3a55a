import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import type { Stack, StackInstance } from "@holdfast/testing";

export const root: string = join(import.meta.dirname, "../../..");
export const bin: string = join(root, "holdfast/bin/holdfast.mjs");
export const movies: string = join(root, "examples/movies");
export const bringYourOwn: string = join(root, "examples/bring-your-own");

/** One service of the movies is written in Python; without it they run all the same. */
export const hasPython: boolean = spawnSync("python3", ["--version"]).status === 0;
/** Instances of the movies: three of each service. */
export const moviesInstances: number = hasPython ? 18 : 15;

/** True under `npm run test:full`: scenarios take the sizes that the issues state. */
export const full: boolean = process.env["HOLDFAST_FULL"] === "1";

/** Chooses between the short size and the stated one. */
export function size(short: number, stated: number): number {
  return full ? stated : short;
}

/** Skips the test with its reason unless the file is there. */
export function needs(context: TestContext, path: string, name: string): boolean {
  if (existsSync(path)) return true;
  context.skip(`skipped: needs ${name}`);
  return false;
}

/** What the load generator of the movies example prints with `--json`. */
export interface LoadReport {
  readonly sent: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly failures: readonly unknown[];
}

/** Drives the edge in a process of its own, so that our own event loop is no part of the measurement. */
export function load(
  edge: string,
  options: { rate: number; seconds: number; postShare?: number; paths?: readonly string[] },
): Promise<LoadReport> {
  const args = [join(movies, "load/main.ts"), "--json", "--url", edge];
  args.push("--rate", String(options.rate), "--seconds", String(options.seconds));
  args.push("--post-share", String(options.postShare ?? 0));
  for (const path of options.paths ?? []) args.push("--path", path);
  const limits = { timeout: (options.seconds + 30) * 1_000, maxBuffer: 16 * 1024 * 1024 };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, limits, (error, stdout, stderr) => {
      try {
        resolve(JSON.parse(stdout));
      } catch {
        reject(new Error(`load printed no report: ${error?.message ?? ""}\n${stderr}\n${stdout.slice(0, 2_000)}`));
      }
    });
  });
}

/** All that are `up` of the application's own instances. */
export async function appInstances(stack: Stack): Promise<StackInstance[]> {
  return (await stack.ps()).filter((instance) => instance.kind === "app" && instance.status === "up");
}

/** Writes an application directory for one test: file name → content. */
export function writeApplication(directory: string, files: Readonly<Record<string, string>>): string {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content);
  }
  return directory;
}

/** A plain program that honours PORT and HOST and answers with its pid. */
export const helloProgram = `import { createServer } from "node:http";
createServer((req, res) => res.end("hello from " + process.pid)).listen(process.env.PORT, process.env.HOST);
`;

/** Processes alive whose environment or command line carries `text`, by reading /proc. */
export function processesWith(text: string): number[] {
  const found: number[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    try {
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8");
      const environment = readFileSync(`/proc/${name}/environ`, "utf8");
      const state = readFileSync(`/proc/${name}/stat`, "utf8").split(") ")[1]?.[0];
      if (state !== "Z" && (command.includes(text) || environment.includes(text))) found.push(Number(name));
    } catch {
      // Gone between the listing and the look, or another user's.
    }
  }
  return found;
}

export function alive(pid: number | null): boolean {
  if (pid === null) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The processes behind some instances, as a set: equal before and after means that none was restarted. */
export function pids(instances: readonly StackInstance[]): ReadonlySet<number | null> {
  return new Set(instances.map((instance) => instance.pid));
}
