/** The sidecar as one program: what an agent starts for `sidecar: true`, and what `holdfast sidecar` does, without the rest. */
import { parseArgs } from "node:util";
import { messageOf, SystemClock, systemRandom } from "@holdfast/kernel";
import { serviceLog } from "@holdfast/service";
import { Env } from "@holdfast/wire";
import { startExitCode } from "./program/exit-code.ts";
import { programOfFlags, programOfSettings, type SidecarProgram } from "./program/program-options.ts";
import { runSidecar } from "./program/run-program.ts";

const clock = new SystemClock();
const random = systemRandom();
const log = serviceLog();

function readProgram(): SidecarProgram {
  const settings = process.env[Env.settings];
  if (settings !== undefined) return programOfSettings(settings, process.env);
  const { values, positionals: command } = parseArgs({
    allowPositionals: true,
    options: {
      "http-port-api": { type: "string", short: "p" },
      "app-name": { type: "string", short: "a" },
      config: { type: "string", short: "c" },
      "health-url": { type: "string" },
      "parent-host": { type: "string" },
      "parent-port": { type: "string" },
      front: { type: "string" },
      registry: { type: "string" },
    },
  });
  const flags = {
    httpPortApi: values["http-port-api"],
    appName: values["app-name"],
    config: values.config,
    healthUrl: values["health-url"],
    parentHost: values["parent-host"],
    parentPort: values["parent-port"],
    front: values.front,
    registry: values.registry,
    command,
  };
  return programOfFlags(flags, process.env, random);
}

try {
  process.exit(await runSidecar(readProgram(), { clock, random, log }));
} catch (error) {
  log.error("sidecar.failed", { error });
  // The last line of the log is what an operator is shown first.
  process.stderr.write(`${messageOf(error)}\n`);
  process.exit(startExitCode(error));
}
