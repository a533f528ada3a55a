import type { ChildProcess } from "node:child_process";
import type { Clock } from "@holdfast/kernel";

/**
 * Resolves when a child has written its first word to its output.
 *
 * @param name of the child, for the reason.
 * @throws an Error when it ends before, with what it said, or says nothing within `boundMs`.
 */
export function firstWord(clock: Clock, child: ChildProcess, name: string, boundMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    const timer = clock.after(boundMs, () => reject(new Error(`${name}: not ready within ${boundMs} ms`)));
    const settle = (work: () => void): void => {
      timer.cancel();
      work();
    };
    child.stderr?.on("data", (text: Buffer) => (said += text.toString("utf8")));
    child.stdout?.once("data", () => settle(resolve));
    child.once("error", (error) => settle(() => reject(error)));
    child.once("exit", (code) => settle(() => reject(new Error(said.trim() || `${name} ended with ${code}`))));
  });
}
