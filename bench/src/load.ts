import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What `examples/movies/load/main.ts --json` prints. */
export interface LoadReport {
  readonly sent: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly posts: { readonly sent: number; readonly succeeded: number };
  readonly failures: readonly { readonly kind: string; readonly count: number; readonly examples: readonly string[] }[];
}

export interface LoadOptions {
  readonly edge: string;
  readonly rate: number;
  readonly seconds: number;
  readonly postShare: number;
  /** Begins the id of every rating of this run. */
  readonly run: string;
}

/** Drives the edge from a process of its own, so that our event loop is no part of what is measured. */
export function runLoad(root: string, options: LoadOptions): Promise<LoadReport> {
  const args = [join(root, "examples/movies/load/main.ts"), "--json", "--url", options.edge, "--run", options.run];
  args.push("--rate", String(options.rate), "--seconds", String(options.seconds));
  args.push("--post-share", String(options.postShare));
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { timeout: (options.seconds + 30) * 1_000 }, (error, stdout, stderr) => {
      try {
        resolve(JSON.parse(stdout) as LoadReport);
      } catch {
        reject(new Error(`the load generator printed no report: ${error?.message ?? ""} ${stderr}`, { cause: error }));
      }
    });
  });
}

/** How often each rating of a run was executed. */
export interface Executions {
  readonly once: number;
  readonly more: number;
}

/** Reads the logs of all instances, dead ones too: each rating was logged when it was counted. */
export function ratingsExecuted(logDirectory: string, run: string): Executions {
  const texts = readdirSync(logDirectory).flatMap((file) =>
    file.startsWith("i-") ? [readFileSync(join(logDirectory, file), "utf8")] : [],
  );
  return countRatings(texts.join("\n"), run);
}

export function countRatings(log: string, run: string): Executions {
  const times = new Map<string, number>();
  for (const [, id = ""] of log.matchAll(/"event":"rating\.counted","id":"([^"]+)"/g)) {
    if (id.startsWith(`${run}-`)) times.set(id, (times.get(id) ?? 0) + 1);
  }
  const counts = [...times.values()];
  return { once: counts.filter((count) => count === 1).length, more: counts.filter((count) => count > 1).length };
}
