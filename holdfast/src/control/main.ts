import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Cloud, SqliteStore } from "@holdfast/cloud-server";
import { SqliteConfigStore } from "@holdfast/config-server";
import { enterMounts, HookFaults, KernelFaults, ProcessEngine, shellIn, TunDelays } from "@holdfast/engine-process";
import { codeOf, messageOf, SystemClock, systemRandom } from "@holdfast/kernel";
import { serviceLog } from "@holdfast/service";
import type { FaultEngine } from "@holdfast/wire";
import { standIns } from "../faults/places.ts";
import { runFiles } from "../stack/directories.ts";
import { startControl } from "./control.ts";
import { startInsight } from "./insight.ts";
import { registerControl } from "./registered.ts";
import { type ControlSettings, readControlSettings } from "./settings.ts";

/** Faults by the kernel where the stack has a network of its own; else simulated in the programs. */
async function faultEngine({ network, mode, runDirectory }: ControlSettings, cloud: Cloud): Promise<FaultEngine> {
  if (network === undefined) {
    const places = (): Record<string, string> => (mode === "ports" ? standIns(cloud.instances()) : {});
    return new HookFaults(clock, runFiles.faults(runDirectory), places);
  }
  // We stand in the router's network; names of namespaces are seen in another mount namespace.
  const prefix = enterMounts(network);
  const shell = shellIn(prefix);
  const delays = new TunDelays(clock, shell, network.delayRelay, prefix);
  const faults = new KernelFaults({ clock, log, shell, delays, directory: network.directory });
  await faults.start();
  return faults;
}

const clock = new SystemClock();
const random = systemRandom();
const log = serviceLog().child({ server: "control" });

// Ends at once and touches nothing: the instances belong to the agents, and all that counts is in the store.
process.on("SIGTERM", () => process.exit(0));
process.on("SIGINT", () => process.exit(0));

try {
  const settings = readControlSettings(process.env);
  const consoleDirectory = [
    join(import.meta.dirname, "console"),
    join(import.meta.dirname, "../../../console/dist"),
  ].find((directory) => existsSync(join(directory, "index.html")));
  let engine: ProcessEngine | undefined;
  await startControl(
    {
      clock,
      random,
      log,
      store: new SqliteStore(clock, join(settings.stateDirectory, "state.db")),
      configStore: new SqliteConfigStore(clock, join(settings.stateDirectory, "config.db")),
      engine: (epoch) => {
        engine = new ProcessEngine(clock, log, { sockets: settings.agentSockets, epoch });
        return engine;
      },
      faults: (cloud) => faultEngine(settings, cloud),
      metrics: (cloud, signal) => startInsight(clock, random.child("insight"), log, cloud, engine ?? {}, signal),
      consoleDirectory,
    },
    settings,
  );
  await registerControl(clock, random.child("registration"), log, settings);
} catch (error) {
  log.error("control.failed", { code: codeOf(error), reason: messageOf(error) });
  process.exit(1);
}
