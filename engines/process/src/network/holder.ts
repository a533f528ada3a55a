import { spawn } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { type Clock, messageOf, PlatformError } from "@holdfast/kernel";
import type { NetworkPlace } from "@holdfast/wire";
import { behind, enterRouter } from "./enter.ts";
import { firstWord } from "./first-word.ts";
import { houseScript, routerScript } from "./scripts.ts";

const readyWithinMs = 10_000;

/**
 * Starts the process that is the network of a stack as long as it lives: in a network and a mount namespace of its own,
 * rootless in a user namespace, too. It sleeps; all that it holds vanishes with it and those who entered it.
 *
 * @param directory an empty directory of ours; what is mounted there cannot be seen from outside.
 * @throws PlatformError `NAMESPACES_UNAVAILABLE` with the system's reason.
 */
export async function startHolder(clock: Clock, directory: string, rootless: boolean): Promise<NetworkPlace> {
  const own = rootless ? ["--user", "--map-root-user"] : [];
  return await hold(clock, { pid: -1, directory, rootless }, [], [...own, "--mount", "--net"], routerScript(directory));
}

/**
 * Starts a holder in place of one that has died, in the network that `pid` (an agent, control) still stands in. The names of
 * namespaces are lost: those of instances that still run are theirs alone, new ones are made for new instances.
 *
 * @throws PlatformError `NAMESPACES_UNAVAILABLE` with the system's reason.
 */
export async function restartHolder(clock: Clock, lost: NetworkPlace, pid: number): Promise<NetworkPlace> {
  const prefix = enterRouter({ ...lost, pid });
  return await hold(clock, lost, prefix, ["--mount"], houseScript(lost.directory));
}

async function hold(
  clock: Clock,
  { directory, rootless }: NetworkPlace,
  prefix: readonly string[],
  unshared: readonly string[],
  script: string,
): Promise<NetworkPlace> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const line = behind(prefix, "unshare", [...unshared, "sh", "-c", `${script}echo ready\nexec sleep infinity`]);
  const holder = spawn(line.file, line.args, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
  try {
    await firstWord(clock, holder, "unshare", readyWithinMs);
  } catch (error) {
    holder.kill("SIGKILL");
    throw new PlatformError("NAMESPACES_UNAVAILABLE", `network namespaces cannot be made: ${messageOf(error)}`, {
      next: "holdfast doctor shows what they need; holdfast up --isolation loopback goes without",
      cause: error,
    });
  }
  holder.stdout?.destroy();
  holder.stderr?.destroy();
  holder.unref();
  return { pid: holder.pid ?? -1, directory, rootless };
}

/** Ends a holder; the directory is empty again, since its mount was never ours. */
export function endHolder({ pid, directory }: NetworkPlace): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended before.
  }
  rmSync(directory, { recursive: true, force: true });
}
