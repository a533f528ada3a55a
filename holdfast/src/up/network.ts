import { readFileSync } from "node:fs";
import { endHolder, restartHolder, startHolder } from "@holdfast/engine-process";
import { type Clock, PlatformError } from "@holdfast/kernel";
import type { NetworkPlace } from "@holdfast/wire";
import { runFiles } from "../stack/directories.ts";
import { type Isolation, namespaceSupport } from "../stack/isolation.ts";
import { isRunning, markOf, type ProcessMark } from "../stack/processes.ts";
import { writeFileAtOnce } from "../stack/stack-file.ts";

/** The network of a stack, and the process that holds it. */
export interface StackNetwork {
  readonly place: NetworkPlace;
  readonly mark: ProcessMark;
}

/**
 * What `--isolation` comes to here. `auto` is loopback: a network of its own also keeps an application from what it needs
 * outside (a database on this machine), so it is asked for.
 *
 * @throws PlatformError `ISOLATION_UNAVAILABLE` when what was asked for cannot be had.
 */
export function chooseIsolation(wanted: Isolation | "auto"): Isolation {
  if (wanted === "auto") return "loopback";
  if (wanted !== "netns") return wanted;
  const { works, why } = namespaceSupport();
  if (works) return "netns";
  throw new PlatformError("ISOLATION_UNAVAILABLE", `--isolation netns: ${why}`, {
    next: "install what is missing (holdfast doctor), or: holdfast up --isolation loopback",
  });
}

/**
 * The network that an earlier supervisor left, as long as its holder lives, else a new one.
 *
 * @throws PlatformError `NAMESPACES_UNAVAILABLE`.
 */
export async function ensureNetwork(clock: Clock, runDirectory: string): Promise<StackNetwork> {
  const earlier = readNetwork(runDirectory);
  if (earlier !== undefined && isRunning(earlier.mark)) return earlier;
  if (earlier !== undefined) endHolder(earlier.place);
  return kept(await startHolder(clock, runFiles.network(runDirectory), process.getuid?.() !== 0), runDirectory);
}

/**
 * A holder in place of one that has died, in the network that process `standing` still is in.
 *
 * @throws PlatformError `NAMESPACES_UNAVAILABLE`.
 */
export async function renewNetwork(
  clock: Clock,
  lost: StackNetwork,
  standing: number,
  run: string,
): Promise<StackNetwork> {
  return kept(await restartHolder(clock, lost.place, standing), run);
}

function kept(place: NetworkPlace, runDirectory: string): StackNetwork {
  const mark = markOf(place.pid);
  if (mark === undefined) throw new PlatformError("NAMESPACES_UNAVAILABLE", "the holder of the network ended at once");
  const network = { place, mark };
  writeFileAtOnce(runFiles.networkFile(runDirectory), JSON.stringify(network));
  return network;
}

function readNetwork(runDirectory: string): StackNetwork | undefined {
  try {
    return JSON.parse(readFileSync(runFiles.networkFile(runDirectory), "utf8"));
  } catch {
    return undefined;
  }
}
