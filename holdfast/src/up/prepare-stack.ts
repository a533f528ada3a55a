import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { Clock, Random } from "@holdfast/kernel";
import { defaultPorts, operatorAddress } from "@holdfast/wire";
import { findApplicationFile } from "../app-file/find.ts";
import type { NamedApplication } from "../app-file/load.ts";
import { loadApplication, loadTimeoutMs } from "../app-file/load-application.ts";
import { packageVersion } from "../programs.ts";
import { boundCodeCache } from "../stack/code-cache.ts";
import { chooseEngine } from "../stack/container-engine.ts";
import { openRunDirectory, openStateDirectory, runDirectoryOf, runFiles } from "../stack/directories.ts";
import { checkPorts, freePorts, portNames, probePort, type StackPorts, takePortBlock } from "../stack/ports.ts";
import { runningProcesses } from "../stack/remains.ts";
import { readStackFile, type StackFile, stateDirectoryName, writeStackFile } from "../stack/stack-file.ts";
import { ApplicationFaultsError } from "./application-faults.ts";
import { checkFileLimit, readFileLimit } from "./limits.ts";
import { takeLock } from "./lock.ts";
import { chooseIsolation } from "./network.ts";
import { plannedProcesses, planZones, type UpOptions } from "./plan.ts";

/** All that was checked and taken before the first process is started. */
export interface PreparedStack {
  readonly stack: StackFile;
  readonly application: NamedApplication;
  /** Something to tell that does not stand in the way. */
  readonly warnings: readonly string[];
  /** Processes of this stack that an earlier supervisor left running. */
  readonly running: number;
  /** Lets go of lock and ports. */
  release(): void;
}

/**
 * Reads the application and takes the state directory, the lock and the ports, in the order in which a person wants to
 * hear of what is wrong.
 *
 * @throws ApplicationFaultsError, or PlatformError `APP_FILE_MISSING`, `STATE_NOT_WRITABLE`, `STACK_HELD`,
 * `PORT_TAKEN`, `PORT_NOT_PERMITTED`, `FILE_LIMIT_TOO_LOW` …
 */
export async function prepareStack(clock: Clock, random: Random, options: UpOptions): Promise<PreparedStack> {
  const file = realpathSync(findApplicationFile(options.where));
  const warnings: string[] = [];
  const loaded = await loadApplication(clock, file, loadTimeoutMs, (line) => void warnings.push(line));
  if (loaded.kind === "faults") throw new ApplicationFaultsError(loaded.faults);
  const { application } = loaded;
  const zones = planZones(application, options);
  const limit = checkFileLimit(readFileLimit(), plannedProcesses(application, zones.length));
  if (limit !== undefined) warnings.push(limit);

  const isolation = chooseIsolation(options.isolation);
  const engine = await chooseEngine(options.engine, isolation);
  const temporary = options.isolated && options.state === undefined;
  const directory = temporary
    ? mkdtempSync(join(tmpdir(), "holdfast-"))
    : resolve(options.state ?? join(dirname(file), stateDirectoryName));
  const undo: (() => void)[] = [];
  try {
    if (temporary) undo.push(() => rmSync(directory, { recursive: true, force: true }));
    const stateDirectory = openStateDirectory(directory);
    boundCodeCache(stateDirectory);
    const runDirectory = runDirectoryOf(stateDirectory);
    openRunDirectory(runDirectory);
    const lock = takeLock(runFiles.lock(runDirectory), clock.wallMs());
    undo.push(() => lock.release());

    const earlier = readStackFile(stateDirectory);
    const running = runningProcesses(runDirectory);
    const ownPids = new Set(running.map((mark) => mark.pid));
    const ports = await choosePorts(random, options, running.length > 0 ? earlier?.ports : undefined);
    await checkPorts(ports, ownPids);
    const block = await takePortBlock(stateDirectory, zones, earlier?.portBase, ownPids);
    undo.push(() => block.release());

    const stack: StackFile = {
      version: packageVersion(),
      application: application.name,
      file,
      stateDirectory,
      runDirectory,
      ports,
      portBase: block.base,
      zones,
      isolation,
      engine,
      temporary,
    };
    writeStackFile(stack);
    return { stack, application, warnings, running: running.length, release: () => releaseAll(undo) };
  } catch (error) {
    releaseAll(undo);
    throw error;
  }
}

/**
 * The default ports, or free ones; single ones as the options say. What still runs keeps the free ones it was given. A collector
 * of the user's own may have OTLP's default port: instances are told the port, so any other does as well.
 */
async function choosePorts(random: Random, options: UpOptions, kept: StackPorts | undefined): Promise<StackPorts> {
  const none = { edge: 0, console: 0, registry: 0, otlp: 0 };
  const wanted = { ...(options.isolated ? none : defaultPorts), ...options.ports };
  if (options.ports.otlp === undefined && !options.isolated) {
    const isFree = kept === undefined && (await probePort(operatorAddress, wanted.otlp)) === "free";
    if (!isFree) wanted.otlp = kept?.otlp ?? 0;
  }
  if (portNames.every((name) => wanted[name] !== 0)) return wanted;
  // A stack of an earlier version may not have all of them.
  const free =
    portNames.every((name) => kept?.[name] !== undefined) && kept !== undefined
      ? kept
      : { ...(await freePorts(random)), ...kept };
  return {
    otlp: wanted.otlp || free.otlp,
    edge: wanted.edge || free.edge,
    console: wanted.console || free.console,
    registry: wanted.registry || free.registry,
  };
}

function releaseAll(undo: (() => void)[]): void {
  for (const step of undo.toReversed()) step();
}
