import type { Clock } from "./clock.ts";
import { JsonLog, type Log } from "./log.ts";

let guarded = false;

/**
 * The log of this process: JSON lines on its standard output. Only `main.ts` files, and what stands in for one, build it.
 * A line that cannot be written (a full disk, a reader that has gone) is lost; it never ends the process, as an unhandled
 * stream error would.
 */
export function processLog(clock: Clock): Log {
  if (!guarded) {
    guarded = true;
    process.stdout.on("error", () => {});
    process.stderr.on("error", () => {});
  }
  return new JsonLog(
    (line) => void process.stdout.write(line),
    () => clock.wallMs(),
  );
}
