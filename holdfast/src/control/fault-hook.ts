import { pathToFileURL } from "node:url";
import { Env } from "@holdfast/wire";
import { runFiles } from "../stack/directories.ts";
import type { ControlSettings } from "./settings.ts";

type Hooked = Pick<ControlSettings, "mode" | "runDirectory" | "bundles">;

/**
 * The environment of an instance, and what lets faults be simulated in it where zones share one network: a module that Node
 * loads into programs (others do not mind), and the file that it follows.
 */
export function withFaultHook(env: Readonly<Record<string, string>>, settings: Hooked): Record<string, string> {
  if (settings.mode === "netns") return { ...env };
  const hook = `--import=${pathToFileURL(settings.bundles.faultHook).href}`;
  const own = env["NODE_OPTIONS"];
  return {
    ...env,
    NODE_OPTIONS: own === undefined ? hook : `${own} ${hook}`,
    [Env.faults]: runFiles.faults(settings.runDirectory),
  };
}
