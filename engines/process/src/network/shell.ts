import { spawn } from "node:child_process";
import { PlatformError } from "@holdfast/kernel";
import { behind } from "./enter.ts";

/** Runs a program of the system's with some text as its input. */
export interface Shell {
  /**
   * @returns what it wrote to its output.
   * @throws PlatformError `NETWORK_COMMAND_FAILED` with what it said, when it ends otherwise than well or does not exist.
   */
  run(file: string, args: readonly string[], input: string): Promise<string>;
}

const outputMax = 4 * 1024 * 1024;
/** No command of ours takes a tenth of it. */
const timeoutMs = 20_000;

export const systemShell: Shell = {
  run: (file, args, input) =>
    new Promise((resolve, reject) => {
      const child = spawn(file, args, { stdio: ["pipe", "pipe", "pipe"], timeout: timeoutMs, killSignal: "SIGKILL" });
      let [output, errors] = ["", ""];
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        if (output.length > outputMax) child.kill("SIGKILL");
      });
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        if (errors.length < 4_096) errors += text;
      });
      child.once("error", (error) => reject(failure(file, error.message)));
      child.once("close", (code, signal) => {
        if (code === 0) resolve(output);
        else reject(failure(file, errors.trim() || (signal ?? `exit code ${code}`)));
      });
      // A program that ends before it has read everything says why with its exit code.
      child.stdin.on("error", () => {});
      child.stdin.end(input);
    }),
};

function failure(file: string, said: string): PlatformError {
  return new PlatformError("NETWORK_COMMAND_FAILED", `${file}: ${said}`, {
    next: "holdfast doctor shows what network namespaces need here",
    status: 502,
  });
}

/** Runs everything behind `prefix`, such as what enters a namespace. */
export function shellIn(prefix: readonly string[], shell: Shell = systemShell): Shell {
  return {
    run: (program, args, input) => {
      const line = behind(prefix, program, args);
      return shell.run(line.file, line.args, input);
    },
  };
}
