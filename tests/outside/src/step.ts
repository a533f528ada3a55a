import { spawn } from "node:child_process";

export interface StepOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Killed after this. */
  readonly timeoutMs: number;
}

/**
 * Runs a command to its end, with all its children, and gives what it wrote on stdout.
 *
 * @throws an error with the last line that says something, when it fails, cannot be started or takes too long.
 */
export function runStep(command: string, args: readonly string[], options: StepOptions): Promise<string> {
  const { cwd, env = {}, timeoutMs } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own: Maven and Go start others.
      detached: true,
    });
    const out: Buffer[] = [];
    const all: Buffer[] = [];
    child.stdout.on("data", (part: Buffer) => {
      out.push(part);
      all.push(part);
    });
    child.stderr.on("data", (part: Buffer) => all.push(part));
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    }, timeoutMs);
    child.once("error", (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      reject(new Error(error.code === "ENOENT" ? `there is no ${command} here` : error.message));
    });
    child.once("close", (code) => {
      clearTimeout(timer);
      if (code === 0) resolve(Buffer.concat(out).toString());
      else if (isLate) reject(new Error(`${command} took longer than ${timeoutMs / 1_000} s`));
      else reject(new Error(`${command} failed: ${lastWords(Buffer.concat(all).toString())}`));
    });
  });
}

/** Maven repeats its help after the error; the first line it calls one is the reason. */
function lastWords(text: string): string {
  const lines = text.split("\n").map((line) => line.trim());
  const spoken = lines.filter((line) => line !== "");
  return (spoken.find((line) => /error/i.test(line)) ?? spoken.at(-1) ?? "without a word").slice(0, 300);
}
