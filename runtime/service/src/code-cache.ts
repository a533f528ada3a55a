import { flushCompileCache, getCompileCacheDir } from "node:module";
import type { Clock, Timer } from "@holdfast/kernel";

/** By then what a service uses has been compiled; what is compiled lazily after it is compiled again by the next instance. */
const keepAfterMs = 30_000;

/**
 * Keeps what V8 has compiled for the next instance of the same image, which then starts with some 50 ms less of processor
 * time. Node does so only when a process ends by itself, and ours may be killed. Does nothing where the environment
 * names no directory (`NODE_COMPILE_CACHE`).
 */
export function keepCode(clock: Clock): Timer | undefined {
  return getCompileCacheDir() === undefined ? undefined : clock.after(keepAfterMs, () => flushCompileCache());
}
