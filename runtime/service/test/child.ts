import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { waitFor } from "@holdfast/testing";
import { freePort } from "./free-port.ts";

export const imports = 'import { serve } from "@holdfast/service";';
const slow = `${imports} await serve({ name: "slow", handler: (req, res) => setTimeout(() => res.end("ok"), 60) });`;

export interface Child extends AsyncDisposable {
  readonly process: ChildProcess;
  readonly port: number;
  readonly output: () => string;
}

interface Start {
  readonly prefix?: readonly string[];
  readonly program?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** What it prints when it is as far as the test wants it. */
  readonly until?: string;
}

/** A service in a process of its own. */
export async function start(options: Start = {}): Promise<Child> {
  const { prefix = [], program = slow, environment = {}, until = "service.started" } = options;
  const port = await freePort();
  const command = [...prefix, process.execPath, "--input-type=module-typescript", "-e", program];
  const [file = "", ...args] = command;
  const child = spawn(file, args, {
    cwd: import.meta.dirname,
    env: { PATH: process.env["PATH"], PORT: String(port), HOST: "127.0.0.1", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout?.on("data", (chunk) => (output += String(chunk)));
  child.stderr?.on("data", (chunk) => (output += String(chunk)));
  await waitFor("the service to start", () => output.includes(until));
  return {
    process: child,
    port,
    output: () => output,
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGKILL");
        await once(child, "exit");
      }
    },
  };
}
